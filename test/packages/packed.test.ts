import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { after, before, test } from 'node:test';
import { filesMatching, readSource, root } from '../../scripts/source/files.ts';
import { runNode, tsc } from '../run-node.ts';
import { runNpm } from './npm.ts';

/*
 * What users get is not this repository but its tarballs. They are packed, installed into an empty project, and used
 * there the ways they will be used: imported, required, compiled against. Two tools of the field judge them too; those
 * live in tools/, with a lockfile of their own, and are installed when this test first needs them.
 */

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | object>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

interface Packed {
  readonly name: string;
  readonly folder: string;
  readonly tarball: string;
  /** The paths inside. */
  readonly files: readonly string[];
  /** The names to import it by. */
  readonly entries: readonly string[];
  /** What some of the entries need beside it. */
  readonly peers: readonly string[];
}

const folders = filesMatching('packages/*/package.json').map(({ path }) => posix.dirname(path));
const tools = join(import.meta.dirname, 'tools');

let project = '';
const packed: Packed[] = [];

before(async () => {
  const built = await runNode([tsc, '-b'], { cwd: root });
  assert.equal(built.code, 0, built.output);
  project = mkdtempSync(join(tmpdir(), 'switchgear-packed-'));
  for (const folder of folders) packed.push(await pack(folder));

  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
  const tarballs = packed.map(({ tarball }) => tarball);
  const wanted = [...tarballs, ...packed.flatMap(({ peers }) => peers)];
  const installed = await runNpm(['install', '--ignore-scripts', '--prefer-offline', ...wanted], { cwd: project });
  assert.equal(installed.code, 0, installed.output);
});

after(() => {
  if (project !== '') rmSync(project, { recursive: true });
});

async function pack(folder: string): Promise<Packed> {
  const manifest = JSON.parse(readSource(posix.join(folder, 'package.json')).text) as Manifest;
  const { name, exports, peerDependencies = {} } = manifest;
  const destination = ['--pack-destination', project];
  const { code, stdout, output } = await runNpm(['pack', '--json', ...destination], { cwd: join(root, folder) });
  assert.equal(code, 0, output);
  const [made] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  assert.ok(made !== undefined, output);
  return {
    name,
    folder,
    tarball: join(project, made.filename.replace('@', '').replace('/', '-')),
    files: made.files.map(({ path }) => path).sort(),
    entries: Object.keys(exports)
      .filter((path) => path !== './package.json')
      .map((path) => posix.join(name, path)),
    peers: Object.entries(peerDependencies).map(([peer, range]) => `${peer}@${range}`),
  };
}

/** Runs a script in the project, with plain Node. */
async function inProject(file: string, text: string): Promise<string> {
  writeFileSync(join(project, file), text);
  const { code, stdout, output } = await runNode([file], { cwd: project });
  assert.equal(code, 0, output);
  return stdout;
}

/** What an entry exports, as the sources stand. */
async function exportedBy(entry: string): Promise<string[]> {
  return Object.keys((await import(entry)) as object).sort();
}

test('a tarball holds what was built, its sources, and nothing that is only ours', () => {
  const strays = packed.flatMap(({ name, files }) =>
    files
      .filter(
        (path) => !/^(?:dist\/.+\.(?:js|d\.ts)(?:\.map)?|src\/.+\.ts|package\.json|README\.md|LICENSE)$/.test(path),
      )
      .concat(files.filter((path) => /\.test\./.test(path)))
      .map((path) => `${name}: ${path}`),
  );
  assert.deepEqual(strays, []);
  for (const { name, files } of packed) {
    for (const path of ['LICENSE', 'README.md', 'dist/index.js', 'dist/index.d.ts', 'src/index.ts']) {
      assert.ok(files.includes(path), `${name} lacks ${path}`);
    }
  }
});

test('nothing is packed that was built from sources long gone; if so, delete packages/*/dist', () => {
  const stale = packed.flatMap(({ name, files }) =>
    files
      .filter((path) => path.startsWith('dist/'))
      .filter((path) => !files.includes(path.replace('dist/', 'src/').replace(/(?:\.d\.ts|\.js)(?:\.map)?$/, '.ts')))
      .map((path) => `${name}: ${path}`),
  );
  assert.deepEqual(stale, []);
});

test('every source map leads to a source in the tarball', () => {
  for (const { name, files } of packed) {
    const maps = files.filter((path) => path.endsWith('.map'));
    assert.ok(maps.length > 0, name);
    for (const map of maps) {
      const { sources } = JSON.parse(readFileSync(join(project, 'node_modules', name, map), 'utf8')) as {
        sources: string[];
      };
      for (const source of sources) {
        const path = posix.join(posix.dirname(map), source);
        assert.ok(files.includes(path), `${name}: ${map} leads to ${path}, which is not there`);
      }
    }
  }
});

test('the license of a package is that of the repository', () => {
  for (const folder of folders) assert.equal(readSource(`${folder}/LICENSE`).text, readSource('LICENSE').text);
});

test('plain Node imports every entry, with the names the sources have', async () => {
  for (const entry of packed.flatMap(({ entries }) => entries)) {
    const script = `console.log(Object.keys(await import('${entry}')).sort().join());`;
    assert.equal((await inProject('import.mjs', script)).trim(), (await exportedBy(entry)).join(), entry);
  }
});

test('plain Node requires every entry from CommonJS, with the same names', async () => {
  for (const entry of packed.flatMap(({ entries }) => entries)) {
    const script = `console.log(Object.keys(require('${entry}')).sort().join());`;
    assert.equal((await inProject('require.cjs', script)).trim(), (await exportedBy(entry)).join(), entry);
  }
});

test('an error is known across both ways in', async () => {
  const script = `
    import { createRequire } from 'node:module';
    import { pipeline, retry, SwitchgearError } from '@switchgear/policy';
    const required = createRequire(import.meta.url)('@switchgear/policy');
    const error = new required.ConfigError('a.b', 'this', 'that');
    const value = await pipeline(retry()).execute(async () => 'a value');
    console.log(error instanceof SwitchgearError, required.isSwitchgearError(error), value);
  `;
  assert.equal((await inProject('both.mjs', script)).trim(), 'true true a value');
});

test('the command that makes contracts runs as it is installed', async () => {
  const document = { openapi: '3.1.0', paths: { '/users': { get: {} } } };
  writeFileSync(join(project, 'openapi.json'), JSON.stringify(document));
  const bin = join(project, 'node_modules', '@switchgear', 'contract', 'dist', 'bin.js');
  const { code, stdout, output } = await runNode([bin, 'openapi.json'], { cwd: project });
  assert.equal(code, 0, output);
  assert.match(stdout, /getUsers: get\('\/users'\)/);
});

const consumer = `
import { breaker, type Call, ConfigError, pipeline, type Policy, retry } from '@switchgear/policy';
import { ManualClock, seededRandom } from '@switchgear/policy/testing';
import { createServiceClient, DomainError, get, type ResultOf } from '@switchgear/client';

const runtime = { clock: new ManualClock(), random: seededRandom(1) };
const policy: Policy = pipeline(retry({ maxRetries: 1 }, runtime), breaker({}, runtime));
export const value: Promise<number> = policy.execute(async (call: Call) => call.attempt);
// @ts-expect-error: under exactOptionalPropertyTypes, an option is there or it is not
retry({ maxRetries: undefined });
// @ts-expect-error: an unknown option
breaker({ treshold: 1 });
export const isOurs = (error: unknown): boolean => error instanceof ConfigError;

class NotFound extends DomainError {}
const getUser = get('/users/{userId}', { errors: { 404: NotFound } });
const users = createServiceClient({ target: 'users', baseUrl: 'http://127.0.0.1:1', operations: { getUser } });
export const user: Promise<ResultOf<typeof getUser>> = users.getUser({ userId: 1 });
// @ts-expect-error: the path has no such name
users.getUser({ id: 1 });
`;

test('declarations resolve in a project that compiles against the packages, ESM and CommonJS', async () => {
  writeFileSync(join(project, 'consumer.ts'), consumer);
  const required = packed
    .flatMap(({ entries }) => entries)
    .map((entry, i) => `import entry${i} = require('${entry}');\nexport { entry${i} };`);
  writeFileSync(join(project, 'consumer.cts'), required.join('\n'));
  const config = {
    compilerOptions: {
      module: 'nodenext',
      target: 'es2023',
      lib: ['es2023', 'esnext.disposable'],
      types: ['node'],
      typeRoots: [join(root, 'node_modules', '@types')],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false, // The declarations themselves are what is checked.
      noEmit: true,
    },
    files: ['consumer.ts', 'consumer.cts'],
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config));
  const { code, output } = await runNode([tsc, '-p', '.', '--pretty', 'false'], { cwd: project });
  assert.equal(code, 0, `\n${output}`);
});

test('publint and attw find nothing', async () => {
  await installTools();
  const bin = (...path: string[]): string => join(tools, 'node_modules', ...path);
  for (const { name, tarball } of packed) {
    const publint = [bin('publint', 'src', 'cli.js'), 'run', tarball, '--strict'];
    const attw = [bin('@arethetypeswrong', 'cli', 'dist', 'index.js'), tarball, '--profile', 'esm-only', '--no-emoji'];
    for (const command of [publint, attw]) {
      const { code, output } = await runNode(command, { cwd: project });
      assert.equal(code, 0, `${name}\n${output}`);
    }
  }
});

/** Installs the tools when they are missing or older than their lockfile. */
async function installTools(): Promise<void> {
  const wanted = readFileSync(join(tools, 'package-lock.json'), 'utf8');
  const stamp = join(tools, 'node_modules', '.installed-from');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const { code, output } = await runNpm(['ci', '--ignore-scripts', '--prefer-offline'], { cwd: tools });
  assert.equal(code, 0, output);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}
