/*
 * A test runner for Stryker. Its own command runner starts a process per mutant, about a second for each of
 * thousands; this one loads sources and tests once per process and runs, per mutant, only the tests that reach it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type CollectedTest, collectedTests, collectFrom } from './collected-tests.ts';
import { failureOf } from './one-run.ts';

interface MutantRun {
  readonly activeMutant: { readonly id: string };
  readonly testFilter?: readonly string[];
  readonly hitLimit?: number;
  readonly mutantActivation: 'runtime' | 'static';
}

type MutantResult =
  | { status: 'killed'; killedBy: string[]; failureMessage: string; nrOfTests: number }
  | { status: 'survived'; nrOfTests: number }
  | { status: 'timeout'; reason: string };

/** What the instrumented sources read and write. */
interface StrykerGlobal {
  activeMutant?: string | undefined;
  currentTestId?: string | undefined;
  hitCount?: number | undefined;
  hitLimit?: number | undefined;
  mutantCoverage?: { readonly perTest: Record<string, unknown> };
}

const shared = globalThis as unknown as { __stryker__?: StrykerGlobal };
shared.__stryker__ ??= {};
const stryker = shared.__stryker__;

/** How long each test took in the dry run, for processes that come later. */
const timesFile = 'test-times.json';

/** Under which the second run of every test is counted, until it is thrown away. */
const again = 'again';

interface Log {
  warn(message: string): void;
}

class CollectingRunner {
  readonly #files: readonly string[];
  readonly #log: Log;
  #loaded = false;
  #mutants = 0;
  #tainted = false;

  constructor(files: readonly string[], log: Log) {
    this.#files = files;
    this.#log = log;
  }

  capabilities(): { reloadEnvironment: boolean } {
    return { reloadEnvironment: false };
  }

  async dryRun(): Promise<object> {
    await this.#load();
    const tests: object[] = [];
    const times: Record<string, number> = {};
    for (const test of collectedTests()) {
      const began = performance.now();
      const failure = await failureAs(test.id, test);
      const timeSpentMs = performance.now() - began;
      tests.push({ id: test.id, name: test.id, timeSpentMs, fileName: resolve(test.file), status: failure ? 2 : 0 });
      if (failure === undefined) times[test.id] = timeSpentMs;
      else this.#log.warn(`Left out, because it fails beside other tests: ${test.id}: ${failure}`);
    }
    // A test that wants a process to itself would kill every mutant that comes after its first run.
    for (const test of collectedTests().filter(({ id }) => id in times)) {
      const failure = await failureAs(again, test);
      if (failure === undefined) continue;
      delete times[test.id];
      this.#log.warn(`Left out, because it fails when it is run again: ${test.id}: ${failure}`);
    }
    writeFileSync(timesFile, JSON.stringify(times));
    delete stryker.mutantCoverage?.perTest[again];
    for (const { id } of collectedTests()) if (!(id in times)) delete stryker.mutantCoverage?.perTest[id];
    return { status: 'complete', tests, mutantCoverage: stryker.mutantCoverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation }: MutantRun): Promise<MutantResult> {
    // A throw makes Stryker replace the process and ask again.
    if (this.#tainted) throw new Error('an earlier mutant left this process unfit');
    this.#mutants++;
    stryker.hitCount = hitLimit === undefined ? undefined : 0;
    stryker.hitLimit = hitLimit;
    if (mutantActivation === 'static') {
      stryker.activeMutant = activeMutant.id;
      const failed = await this.#load().then(
        () => undefined,
        (error: unknown) => String(error),
      );
      if (failed !== undefined) {
        this.#tainted = true;
        return { status: 'killed', killedBy: ['loading'], failureMessage: failed, nrOfTests: 0 };
      }
    } else {
      await this.#load();
    }
    stryker.activeMutant = activeMutant.id;
    const tests = this.#chosen(testFilter);
    const killer = await this.#killer(tests);
    stryker.activeMutant = undefined;
    if (killer === undefined) return { status: 'survived', nrOfTests: tests.length };
    const [test, failureMessage] = killer;
    if (mutantActivation === 'runtime' && (await failureOf(test)) !== undefined) {
      // The test fails without the mutant too: either this mutant has left something behind, or one before it, which
      // would have killed an innocent. Only a mutant that had the process to itself is known to be the cause.
      this.#tainted = true;
      if (this.#mutants > 1) throw new Error(`${test.id} fails by itself after ${this.#mutants} mutants`);
    }
    if (hitLimit !== undefined && (stryker.hitCount ?? 0) > hitLimit) {
      return { status: 'timeout', reason: 'ran in circles' };
    }
    return { status: 'killed', killedBy: [test.id], failureMessage, nrOfTests: tests.length };
  }

  async #killer(tests: readonly CollectedTest[]): Promise<readonly [CollectedTest, string] | undefined> {
    for (const test of tests) {
      const failure = await failureOf(test);
      if (failure !== undefined) return [test, failure];
    }
    return undefined;
  }

  /** The tests that reach the mutant, quickest first. */
  #chosen(filter: readonly string[] | undefined): readonly CollectedTest[] {
    const wanted = filter && new Set(filter);
    const times = JSON.parse(readFileSync(timesFile, 'utf8')) as Record<string, number>;
    return collectedTests()
      .filter(({ id }) => id in times && (wanted?.has(id) ?? true))
      .sort((a, b) => (times[a.id] ?? 0) - (times[b.id] ?? 0));
  }

  async #load(): Promise<void> {
    if (this.#loaded) return;
    this.#loaded = true;
    for (const file of this.#files) {
      await collectFrom(file, () => import(pathToFileURL(resolve(file)).href));
    }
  }
}

async function failureAs(countedAs: string, test: CollectedTest): Promise<string | undefined> {
  stryker.currentTestId = countedAs;
  try {
    return await failureOf(test);
  } finally {
    stryker.currentTestId = undefined;
  }
}

interface Options {
  readonly switchgear: { readonly testFiles: readonly string[] };
}

const standIn = new URL('collected-tests.ts', import.meta.url).href;

function createRunner(options: Options, log: Log): CollectingRunner {
  const sandbox = pathToFileURL(`${process.cwd()}/`).href;
  registerHooks({
    resolve(specifier, context, next) {
      const ours = specifier === 'node:test' && context.parentURL?.startsWith(sandbox) === true;
      return ours ? { url: standIn, format: 'module-typescript', shortCircuit: true } : next(specifier, context);
    },
  });
  return new CollectingRunner(options.switchgear.testFiles, log);
}
createRunner.inject = ['options', 'logger'] as const;

export const strykerPlugins: readonly object[] = [{ kind: 'TestRunner', name: 'collected', factory: createRunner }];

export const strykerValidationSchema: object = {
  type: 'object',
  properties: { switchgear: { type: 'object', properties: { testFiles: { type: 'array' } } } },
};
