/*
 * Stands in for `node:test` under mutation: it keeps the tests instead of running them, so that one process can run
 * any of them again, for the next mutant, without loading anything anew.
 */

export interface TestContext {
  readonly name: string;
  after(run: () => unknown): void;
  diagnostic(message: string): void;
  test(name: string, body: TestBody): Promise<void>;
}

export type TestBody = (context: TestContext) => unknown;

export interface CollectedTest {
  /** Its file and its name, which is what a report knows it by. */
  readonly id: string;
  readonly file: string;
  readonly name: string;
  run(): Promise<void>;
}

const collected: CollectedTest[] = [];
let file = '';

/** All tests of one file, kept while `load` imports it. */
export async function collectFrom(path: string, load: () => Promise<unknown>): Promise<void> {
  file = path;
  await load();
}

export function collectedTests(): readonly CollectedTest[] {
  return collected;
}

/** As `test` of `node:test`, as far as the tests of this house use it. */
export function test(name: string, ...rest: readonly [TestBody] | readonly [object, TestBody]): void {
  const body = rest.at(-1);
  if (typeof body !== 'function') throw new TypeError(`${file}: ${name}: expected a body, got ${typeof body}`);
  const same = collected.filter((other) => other.file === file && other.name === name).length;
  const id = `${file} > ${name}${same === 0 ? '' : ` #${same + 1}`}`;
  collected.push({ id, file, name, run: () => runBody(name, body as TestBody) });
}

async function runBody(name: string, body: TestBody): Promise<void> {
  const afterwards: (() => unknown)[] = [];
  const context: TestContext = {
    name,
    after: (run) => void afterwards.push(run),
    diagnostic: () => {},
    test: (inner, innerBody) => runBody(inner, innerBody),
  };
  try {
    await body(context);
  } finally {
    for (const run of afterwards) await run();
  }
}
