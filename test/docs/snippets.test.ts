import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Fence, fencesIn } from '../../scripts/source/fences.ts';
import { filesMatching, root } from '../../scripts/source/files.ts';
import { runNode, tsc } from '../run-node.ts';
import { type FixtureServer, startFixtureServer } from './fixture-server.ts';

/*
 * Every TypeScript fence of the docs is type-checked and run, each as a module of its own:
 *
 *   ```ts            type-checked and run; it has to end by itself and to exit with 0
 *   ```ts no-run     type-checked alone: what would need a service that is not there
 *   ```ts fragment   neither: an excerpt that cannot stand by itself; at most three a page
 *
 * A user service runs for all of them (fixture-server.ts):
 *   USER_SERVICE_URL             plain JSON: GET, PUT, DELETE /users/1 to 999, POST /users, /users/batch, /oauth/token
 *   ENVELOPED_USER_SERVICE_URL   the same in an envelope: { success, data, error }
 */

const fragmentsPerPage = 3;
const runTimeoutMs = 30_000;

const pages = filesMatching('README*.md', 'docs/**/*.md', 'packages/*/README.md', 'examples/*/README.md');
const fences = pages.flatMap(fencesIn).filter(({ language }) => language === 'ts' || language === 'typescript');
const checked = fences.filter(({ marks }) => !marks.includes('fragment'));
const run = checked.filter(({ marks }) => !marks.includes('no-run'));

let folder: string;
let server: FixtureServer;

before(async () => {
  // Inside the repository, so that the packages are found as a user would find them. Not under node_modules, where Node
  // strips no types.
  mkdirSync(join(root, '.cache'), { recursive: true });
  folder = mkdtempSync(join(root, '.cache', 'snippets-'));
  for (const fence of checked) writeFileSync(fileOf(fence), moduleOf(fence));
  server = await startFixtureServer();
});

after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

test('there are fences to check', () => {
  assert.ok(run.length > 0);
});

test('fences are marked with words that mean something', () => {
  const strange = fences.filter(({ marks }) => marks.some((mark) => mark !== 'no-run' && mark !== 'fragment'));
  assert.deepEqual(strange.map(placeOf), []);
});

test('excerpts that are not checked are few', () => {
  const excerpts = pages.map(({ path }) => ({
    path,
    fragments: fences.filter((fence) => fence.path === path && fence.marks.includes('fragment')).length,
  }));
  assert.deepEqual(
    excerpts.filter(({ fragments }) => fragments > fragmentsPerPage),
    [],
  );
});

test('every fence has the types it claims', async () => {
  const config = {
    extends: '../../tsconfig.base.json',
    compilerOptions: {
      noEmit: true,
      allowImportingTsExtensions: true,
      moduleDetection: 'force',
      noUnusedLocals: false, // A page may show a value without using it.
      noUnusedParameters: false,
    },
    include: ['*.ts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const { code, output } = await runNode([tsc, '-p', folder, '--pretty', 'false'], { cwd: root });
  assert.equal(code, 0, `\n${output}`);
});

for (const fence of run) {
  test(`${placeOf(fence)} runs`, async () => {
    const { code, output } = await runNode(['--conditions=@switchgear/source', fileOf(fence)], {
      cwd: root,
      env: serverEnv(),
      timeoutMs: runTimeoutMs,
    });
    assert.equal(code, 0, `\n${output}`);
  });
}

function placeOf({ path, line }: Fence): string {
  return `${path}:${line}`;
}

function fileOf({ path, line }: Fence): string {
  return join(folder, `${path.replaceAll('/', '.')}.${line}.ts`);
}

/** Every line keeps its number, so that an error names the line of the page. */
function moduleOf({ line, code }: Fence): string {
  return `${'\n'.repeat(line)}${code}\n`;
}

function serverEnv(): Record<string, string> {
  return { USER_SERVICE_URL: server.url, ENVELOPED_USER_SERVICE_URL: `${server.url}/enveloped` };
}
