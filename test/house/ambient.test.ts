import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOnly } from '../../scripts/source/code-only.ts';
import { filesMatching, type SourceFile } from '../../scripts/source/files.ts';

/*
 * Time and chance come in through the runtime, or the same code could not run on a manual clock. Biome forbids the
 * globals it can name; this finds every other way to them. Tests beside the sources are exempt.
 */

interface Ambient {
  readonly name: string;
  readonly pattern: RegExp;
  /** Code that must be caught. */
  readonly caught: string;
}

const ambients: readonly Ambient[] = [
  { name: 'Date.now', pattern: /\bDate\s*(?:\?\.|\.)\s*now\b|\bDate\s*\[/, caught: 'const at = Date.now();' },
  // With an argument, `new Date(text)` reads its argument and not the clock.
  { name: 'new Date()', pattern: /\bnew\s+Date\b(?!\s*\(\s*[^\s)])/, caught: 'const at = new Date().getTime();' },
  { name: 'Date()', pattern: /(?<!\bnew\s+)(?<![\w$.])Date\s*\(/, caught: 'const text = Date();' },
  { name: 'destructured Date', pattern: /\}\s*=\s*Date\b/, caught: 'const { now } = Date;' },
  {
    name: 'performance',
    pattern: /(?<![\w$.]|globalThis\.)performance\b(?!\s*:)/,
    caught: 'const { now } = performance;',
  },
  {
    name: 'Math.random',
    pattern: /\bMath\s*(?:\?\.|\.)\s*random\b|\}\s*=\s*Math\b/,
    caught: 'const drawn = Math.random();',
  },
  { name: 'setTimeout', pattern: /(?<![\w$.])setTimeout\b/, caught: 'setTimeout(run, 10);' },
  { name: 'setInterval', pattern: /(?<![\w$.])setInterval\b/, caught: 'const stop = setInterval(run);' },
  { name: 'setImmediate', pattern: /(?<![\w$.])setImmediate\b/, caught: 'setImmediate(run);' },
  { name: 'globalThis', pattern: /\bglobal(?:This)?\s*[.[]/, caught: "globalThis['setTimeout'](run, 10);" },
  { name: 'AbortSignal.timeout', pattern: /\bAbortSignal\s*\.\s*timeout\b/, caught: 'AbortSignal.timeout(10);' },
  { name: 'process.hrtime', pattern: /\bprocess\s*\.\s*(?:hrtime|uptime)\b/, caught: 'process.hrtime.bigint();' },
  { name: 'randomUUID', pattern: /\brandomUUID\b/, caught: 'crypto.randomUUID();' },
  { name: 'getRandomValues', pattern: /\bgetRandomValues\b/, caught: 'crypto.getRandomValues(bytes);' },
  { name: 'randomBytes', pattern: /\brandom(?:Bytes|Int|Fill|FillSync)\b/, caught: 'randomBytes(16);' },
];

/** Modules that bring time or chance under other names. */
const modules = /(['"])node:(?:timers|timers\/promises|perf_hooks)\1/;

const allowed: readonly { file: string; names: readonly string[]; reason: string }[] = [
  {
    file: 'packages/policy/src/contract/runtime.ts',
    names: ['Date.now', 'performance', 'Math.random', 'setTimeout'],
    reason: 'the one door for time and chance',
  },
  {
    file: 'packages/policy/src/testing/manual-clock.ts',
    names: ['setImmediate'],
    reason: 'lets promises settle between two timers; no time passes',
  },
  {
    file: 'packages/client/src/request/ids.ts',
    names: ['randomBytes'],
    reason: 'a guessable idempotency key or trace id would let strangers touch the requests of others',
  },
];

const sources = filesMatching('packages/{policy,client}/src/**/*.ts').filter(({ path }) => !path.endsWith('.test.ts'));

function namesIn({ text }: SourceFile): string[] {
  const code = codeOnly(text, { strings: true });
  const found = ambients.filter(({ pattern }) => pattern.test(code)).map(({ name }) => name);
  const timers = modules.exec(codeOnly(text, { strings: false }));
  return timers === null ? found : [...found, timers[0]];
}

test('nothing reads ambient time or chance outside the files that may', () => {
  const readers = sources.flatMap((file) => {
    const may = allowed.find((one) => one.file === file.path)?.names ?? [];
    return namesIn(file)
      .filter((name) => !may.includes(name))
      .map((name) => `${file.path} reads ${name}`);
  });
  assert.deepEqual(readers, []);
});

test('every leave that is given is used', () => {
  const idle = allowed.flatMap(({ file, names }) => {
    const used = sources.filter(({ path }) => path === file).flatMap(namesIn);
    return names.filter((name) => !used.includes(name)).map((name) => `${file} no longer reads ${name}`);
  });
  assert.deepEqual(idle, []);
});

for (const { name, caught } of ambients) {
  test(`${name} is caught`, () => {
    assert.ok(namesIn({ path: 'x.ts', text: caught }).includes(name));
  });
}

test('timers under another name are caught', () => {
  assert.equal(namesIn({ path: 'x.ts', text: "import { setTimeout as wait } from 'node:timers/promises';" }).length, 2);
  assert.equal(namesIn({ path: 'x.ts', text: "import timers from 'node:timers';" }).length, 1);
});

test('what only looks like it passes', () => {
  const text = `
    // Date.now() and Math.random()
    const words = 'setTimeout(run, 10)';
    const at = Date.parse(text) + new Date(text).getTime() + clock.now();
    runtime.clock.setTimer(10, run);
    runtime.random();
    const options = { performance: 1 };
  `;
  assert.deepEqual(namesIn({ path: 'x.ts', text }), []);
});
