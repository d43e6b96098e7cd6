import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { delimiter, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';

/*
 * npm test                           every step in order, up to the first that fails
 * npm test -- unit                   one step, by its name
 * npm test -- path/to/file.test.ts   test files
 * npm test -- --list                 the steps
 */

interface Step {
  readonly name: string;
  readonly about: string;
  /** A program of node_modules/.bin and its arguments. */
  readonly run?: readonly string[];
  /** Test files, for node's own runner. */
  readonly files?: readonly string[];
  /** Test files that run at a time. @default 2 */
  readonly atOnce?: number;
}

// Biome paints each letter by itself, which makes a log that cannot be read.
const colors = process.stdout.isTTY ? 'force' : 'off';

const steps: readonly Step[] = [
  { name: 'lint', about: 'format and lint', run: ['biome', 'ci', `--colors=${colors}`, '.'] },
  { name: 'build', about: 'build the packages', run: ['tsc', '-b'] },
  { name: 'types', about: 'check the types of everything else', run: ['tsc', '-p', 'tsconfig.check.json'] },
  {
    name: 'unit',
    about: 'unit tests of packages and examples',
    files: ['packages/*/{src,test}/**/*.test.ts', 'examples/*/src/**/*.test.ts'],
  },
  { name: 'house', about: 'house rules, packed packages, snippets of the docs', files: ['test/**/*.test.ts'] },
  { name: 'system', about: 'system tests of the shop', files: ['examples/*/test/**/*.test.ts'], atOnce: 1 },
];

const root = join(import.meta.dirname, '..');
const noSkips = pathToFileURL(join(import.meta.dirname, 'no-skips-reporter.ts')).href;

process.chdir(root);
// Also when run without npm, the tools and the Node of this repository come first.
process.env.PATH = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);

process.exitCode = main(process.argv.slice(2)) ? 0 : 1;

function main(args: readonly string[]): boolean {
  if (args.includes('--list')) {
    for (const { name, about } of steps) console.log(`${name.padEnd(8)}${about}`);
    return true;
  }
  if (args.length === 0) return runAll(steps);
  const named = steps.filter(({ name }) => args.includes(name));
  if (named.length === args.length) return runAll(named);
  const strange = args.find((arg) => !arg.endsWith('.test.ts') || !existsSync(arg));
  if (strange !== undefined) {
    console.error(
      `npm test: expected a step (${steps.map(({ name }) => name).join(', ')}) or a test file that exists,`,
    );
    console.error(`got ${strange}`);
    return false;
  }
  return runAll([{ name: 'files', about: args.join(' '), files: args }]);
}

function runAll(some: readonly Step[]): boolean {
  const began = performance.now();
  for (const step of some) {
    console.log(`\n== ${step.name}: ${step.about}`);
    const stepBegan = performance.now();
    const ok = runStep(step);
    console.log(`== ${step.name}: ${ok ? 'passed' : 'FAILED'} in ${seconds(stepBegan)}`);
    if (!ok) return false;
  }
  if (some.length > 1) console.log(`\nAll of it passed in ${seconds(began)}`);
  return true;
}

function runStep({ run, files = [], atOnce = 2 }: Step): boolean {
  if (run !== undefined) return succeeds(run[0] as string, run.slice(1), process.platform === 'win32');
  const found = globSync([...files], { exclude: (path) => path.split(sep).includes('node_modules') }).sort();
  if (found.length === 0) {
    console.log(`no files match ${files.join(', ')}`);
    return true;
  }
  const options = ['--conditions=@switchgear/source', '--test', `--test-concurrency=${atOnce}`];
  const reporters = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
  if (process.env.CI) reporters.push(`--test-reporter=${noSkips}`, '--test-reporter-destination=stderr');
  return succeeds(process.execPath, [...options, ...reporters, ...found], false);
}

function succeeds(program: string, args: readonly string[], shell: boolean): boolean {
  const { status, error } = spawnSync(program, [...args], { stdio: 'inherit', shell });
  if (error !== undefined) console.error(`${program}: ${error.message}. Has \`npm ci\` been run?`);
  return status === 0;
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1_000).toFixed(1)} s`;
}
