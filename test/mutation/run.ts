import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reportOn } from './report.ts';

/*
 * npm run mutation               every folder of packages/policy/src, then test/mutation/report.md
 * npm run mutation -- breaker    one folder, or several; the report takes the others from their last run
 * npm run mutation -- --fresh    takes nothing from the last run: without it, a mutant is tried again only if it, its
 *                                killer or the tests that reach it have changed since
 * npm run mutation -- --report   writes the report from the last runs, without running anything
 */

const here = import.meta.dirname;
const root = join(here, '..', '..');
const sources = 'packages/policy/src';
const results = join(here, '.results');

const folders = globSync('*/', { cwd: join(root, sources) })
  .map((name) => name.replace(/[\\/]$/, ''))
  .filter((name) => name !== 'testing')
  .sort();

/** Whose tests judge a folder: its own, and those of the pipeline, which links every policy; and these, of some. */
const furtherJudges: Readonly<Record<string, readonly string[]>> = {
  contract: ['timeout', 'bulkhead', 'retry', 'store'],
  store: ['testing'],
};

/** What is asked of every policy: that callbacks which misbehave, and callers who leave at any point, break nothing. */
const ofAll = ['callbacks', 'abort-points'];

process.exitCode = main(process.argv.slice(2));

function main(args: readonly string[]): number {
  const asked = args.filter((arg) => arg !== '--report' && arg !== '--fresh');
  const strange = asked.find((arg) => !folders.includes(arg));
  if (strange !== undefined) {
    console.error(`npm run mutation: expected folders (${folders.join(', ')}), got ${strange}`);
    return 2;
  }
  mkdirSync(results, { recursive: true });
  if (!args.includes('--report')) {
    if (!installed()) return 1;
    for (const folder of asked.length > 0 ? asked : folders) if (!mutate(folder, args.includes('--fresh'))) return 1;
  }
  return reportOn(results, folders, join(here, 'report.md')) ? 0 : 1;
}

/** Stryker lives in this folder, with a lockfile of its own, and is installed when it is first needed. */
function installed(): boolean {
  if (existsSync(join(here, 'node_modules', '@stryker-mutator', 'core'))) return true;
  const npm = spawnSync('npm', ['ci', '--ignore-scripts'], { cwd: here, stdio: 'inherit' });
  return npm.status === 0;
}

function mutate(folder: string, fresh: boolean): boolean {
  // The sandbox stands outside the repository, or `npm test` would find its tests.
  const scratch = mkdtempSync(join(tmpdir(), 'switchgear-mutation-'));
  const config = join(scratch, 'stryker.json');
  writeFileSync(config, JSON.stringify(settings(folder, scratch, fresh)));
  const result = join(results, `${folder}.json`);
  if (!fresh && existsSync(result)) writeFileSync(join(scratch, 'before.json'), JSON.stringify(deathsIn(result)));
  const stryker = join(here, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
  const run = spawnSync(process.execPath, [stryker, 'run', config], {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      // Fewer tries than in `npm test`: a mutant that only a later one would kill counts as alive.
      SWITCHGEAR_RUNS: process.env.SWITCHGEAR_RUNS ?? '500',
      // One seed, so that a mutant which lives today does not die tomorrow by luck.
      SWITCHGEAR_SEED: process.env.SWITCHGEAR_SEED ?? '1',
    },
  });
  rmSync(scratch, { recursive: true, force: true });
  return run.status === 0;
}

/** The last result without those who lived: of a mutant that is made at loading, Stryker would not see a new test. */
function deathsIn(result: string): object {
  const last = JSON.parse(readFileSync(result, 'utf8')) as { files: Record<string, { mutants: { status: string }[] }> };
  for (const file of Object.values(last.files)) {
    file.mutants = file.mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout');
  }
  return last;
}

function settings(folder: string, scratch: string, fresh: boolean): object {
  const result = join(results, `${folder}.json`);
  return {
    mutate: [`${sources}/${folder}/**/*.ts`, `!${sources}/**/*.test.ts`],
    switchgear: { testFiles: testFilesFor(folder) },
    testRunner: 'collected',
    plugins: [join(here, 'runner.ts')],
    testRunnerNodeArgs: ['--conditions=@switchgear/source', '--expose-gc'],
    coverageAnalysis: 'perTest',
    concurrency: Number(process.env.MUTATION_CONCURRENCY ?? 1),
    ignorePatterns: ['/*', '!/packages', '/packages/*', '!/packages/policy', 'dist', '/packages/policy/*.md'],
    // TypeScript 7 has no compiler API for Stryker to read a configuration with.
    tsconfigFile: 'none.json',
    disableTypeChecks: false,
    timeoutMS: 6_000,
    timeoutFactor: 4,
    tempDirName: join(scratch, 'sandboxes'),
    reporters: ['progress-append-only', 'json'],
    jsonReporter: { fileName: result },
    incremental: true,
    incrementalFile: join(scratch, 'before.json'),
    force: fresh,
    allowConsoleColors: false,
    warnings: { slow: false },
    thresholds: { high: 95, low: 95, break: null },
  };
}

function testFilesFor(folder: string): string[] {
  const judges = new Set([folder, 'pipeline', ...(furtherJudges[folder] ?? [])]);
  const beside = [...judges].flatMap((name) => globSync(`${sources}/${name}/**/*.test.ts`, { cwd: root }));
  return [...beside, ...ofAll.map((name) => `packages/policy/test/${name}.test.ts`)].sort();
}
