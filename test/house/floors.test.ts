import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import { filesMatching, readSource, type SourceFile } from '../../scripts/source/files.ts';
import { type Import, importsOf } from '../../scripts/source/imports.ts';

/*
 * The floors of the house: a file imports only from lower floors, and neighbours on one floor do not know each other.
 * Tests beside the sources may import all of their own package.
 */

/** Inside packages/policy/src, ground to top: what a folder may import besides itself. `*` is every policy. */
const policyFloors: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  stats: ['contract'],
  '*': ['contract', 'stats'],
  pipeline: ['contract', 'stats', '*'],
  testing: ['contract', 'stats', 'pipeline'],
  'index.ts': ['contract', 'stats', '*', 'pipeline'],
};

/** The policies, a folder each. A new one is named here. */
const policies = [
  'retry',
  'breaker',
  'timeout',
  'bulkhead',
  'limiter',
  'throttle',
  'adaptive',
  'chaos',
  'hedge',
  'fallback',
  'coalesce',
  'cache',
  'store',
];

interface Rule {
  readonly rule: string;
  readonly broken: (it: Import) => boolean;
  /** A file that breaks it, to show that it would be caught. */
  readonly caught: SourceFile;
}

const rules: readonly Rule[] = [
  {
    rule: 'inside policy, a file imports only from lower floors',
    broken: ({ from, to }) =>
      isWithin('packages/policy', from) && isWithin('packages/policy', to) && !allowed(from, to),
    caught: { path: 'packages/policy/src/contract/x.ts', text: "import { ratio } from '../stats/ratio.ts';" },
  },
  {
    rule: 'policies do not know each other',
    broken: ({ from, to }) => floorOf(from) === '*' && floorOf(to) === '*' && folderOf(from) !== folderOf(to as string),
    caught: { path: 'packages/policy/src/retry/x.ts', text: "import type { Circuit } from '../breaker/circuit.ts';" },
  },
  {
    rule: 'no source imports a test, nor what is made for tests',
    broken: ({ from, to }) =>
      isSource(from) &&
      to !== undefined &&
      (to.endsWith('.test.ts') || (to.includes('/src/testing/') && !from.includes('/src/testing/'))),
    caught: { path: 'packages/policy/src/index.ts', text: "export * from './testing/index.ts';" },
  },
  {
    rule: 'policy has no dependencies',
    broken: ({ from, to, specifier }) =>
      from.startsWith('packages/policy/') && isSource(from) && to === undefined && !specifier.startsWith('node:'),
    caught: { path: 'packages/policy/src/retry/x.ts', text: "import type { Client } from '@switchgear/client';" },
  },
  {
    rule: 'a package imports only what its package.json names as a dependency',
    broken: ({ from, to, specifier }) =>
      isSource(from) &&
      to === undefined &&
      !specifier.startsWith('node:') &&
      !dependenciesOf(packageOf(from) as string).includes(packageName(specifier)),
    caught: { path: 'packages/client/src/x.ts', text: "import { z } from 'zod';" },
  },
  {
    rule: 'another package is reached by its public name, never through its files',
    broken: ({ from, to }) => to !== undefined && packageOf(to) !== undefined && packageOf(to) !== packageOf(from),
    caught: {
      path: 'examples/shop/src/x.ts',
      text: "import { pipeline } from '../../../packages/policy/src/index.ts';",
    },
  },
  {
    rule: 'a public name is one that the package exports',
    broken: ({ specifier }) => specifier.startsWith('@switchgear/') && !publicNames().includes(specifier),
    caught: { path: 'examples/shop/src/x.ts', text: "import { CallContext } from '@switchgear/policy/contract/call';" },
  },
  {
    rule: 'OpenTelemetry is known under otel/ alone, so that whoever goes without it can',
    broken: ({ from, specifier }) =>
      isSource(from) && specifier.startsWith('@opentelemetry/') && !from.startsWith('packages/client/src/otel/'),
    caught: { path: 'packages/client/src/trace/x.ts', text: "import { trace } from '@opentelemetry/api';" },
  },
  {
    rule: 'undici is known under transport/ alone',
    broken: ({ from, specifier }) =>
      isSource(from) && packageName(specifier) === 'undici' && !from.startsWith('packages/client/src/transport/'),
    caught: { path: 'packages/client/src/auth/x.ts', text: "import type { Dispatcher } from 'undici';" },
  },
];

const packageFiles = filesMatching('packages/*/src/**/*.ts');
const allFiles = [...packageFiles, ...filesMatching('{packages/*/test,examples,test,scripts,bench,docs}/**/*.{ts,js}')];

for (const { rule, broken, caught } of rules) {
  test(rule, () => {
    assert.deepEqual(allFiles.flatMap(importsOf).filter(broken).map(inWords), []);
  });
  test(`${rule}: an import that breaks it is caught`, () => {
    assert.equal(importsOf(caught).filter(broken).length, 1);
  });
}

const undiciUsers = (files: readonly SourceFile[]): string[] => [
  ...new Set(
    files
      .flatMap(importsOf)
      .filter(({ from, specifier }) => isSource(from) && packageName(specifier) === 'undici')
      .map(({ from }) => from),
  ),
];

test('one file of the client imports undici', () => {
  assert.ok(undiciUsers(packageFiles).length <= 1, `imported by ${undiciUsers(packageFiles).join(', ')}`);
});

test('a second file that imports undici is caught', () => {
  const text = "import { Pool } from 'undici';";
  const two = ['a', 'b'].map((name) => ({ path: `packages/client/src/transport/${name}.ts`, text }));
  assert.equal(undiciUsers(two).length, 2);
});

test('no imports go round in a circle', () => {
  assert.deepEqual(cycles(packageFiles.flatMap(importsOf)), []);
});

test('a circle is caught; one of types alone is not, since it is gone at run time', () => {
  const circle = (kind: string): Import[] =>
    [
      { path: 'a.ts', text: "import { b } from './b.ts';" },
      { path: 'b.ts', text: "export * from './c.ts';" },
      { path: 'c.ts', text: `import ${kind}{ a } from './a.ts';` },
    ].flatMap(importsOf);
  assert.deepEqual(cycles(circle('')), ['a.ts → b.ts → c.ts → a.ts']);
  assert.deepEqual(cycles(circle('type ')), []);
});

test('every folder of policy has a floor', () => {
  const known = new Set([...Object.keys(policyFloors), ...policies]);
  const folders = packageFiles
    .filter(({ path }) => isWithin('packages/policy', path))
    .map(({ path }) => folderOf(path));
  assert.deepEqual(
    [...new Set(folders)].filter((folder) => !known.has(folder)),
    [],
  );
});

function isSource(path: string): boolean {
  return /^packages\/[^/]+\/src\//.test(path) && !path.endsWith('.test.ts');
}

function isWithin(folder: string, path: string | undefined): boolean {
  return path?.startsWith(`${folder}/src/`) ?? false;
}

function packageOf(path: string): string | undefined {
  return /^packages\/[^/]+(?=\/)/.exec(path)?.[0];
}

/** `contract` for packages/policy/src/contract/call.ts, `index.ts` for packages/policy/src/index.ts. */
function folderOf(path: string): string {
  return path.split('/')[3] ?? '';
}

function floorOf(path: string | undefined): string | undefined {
  if (path === undefined || !isWithin('packages/policy', path) || path.endsWith('.test.ts')) return undefined;
  const folder = folderOf(path);
  return Object.hasOwn(policyFloors, folder) ? folder : '*';
}

function allowed(from: string, to: string | undefined): boolean {
  const here = floorOf(from);
  const there = floorOf(to);
  if (here === undefined || there === undefined) return true;
  // Two policies are the next rule's business.
  return here === there || (policyFloors[here] as readonly string[]).includes(there);
}

/** `@scope/name` or `name`, without the sub-path. */
function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function dependenciesOf(folder: string): string[] {
  const { dependencies = {}, peerDependencies = {} } = JSON.parse(readSource(posix.join(folder, 'package.json')).text);
  return [...Object.keys(dependencies), ...Object.keys(peerDependencies)];
}

function publicNames(): string[] {
  return filesMatching('packages/*/package.json').flatMap(({ text }) => {
    const { name, exports } = JSON.parse(text) as { name: string; exports: object };
    return Object.keys(exports).map((path) => posix.join(name, path));
  });
}

function inWords({ from, line, specifier }: Import): string {
  return `${from}:${line} imports ${specifier}`;
}

/** Each circle once, from its first file in the alphabet. */
function cycles(imports: readonly Import[]): string[] {
  const edges = new Map<string, Set<string>>();
  for (const { from, to, typeOnly } of imports) {
    if (typeOnly || to === undefined) continue;
    edges.set(from, (edges.get(from) ?? new Set()).add(to));
  }
  const found = new Set<string>();
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) {
      const circle = path.slice(start);
      const first = circle.indexOf([...circle].sort()[0] as string);
      const turned = [...circle.slice(first), ...circle.slice(0, first)];
      found.add([...turned, turned[0]].join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const next of edges.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of edges.keys()) walk(file, []);
  return [...found];
}
