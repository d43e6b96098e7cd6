import type { CollectedTest } from './collected-tests.ts';

/** Turns of the event loop with nothing in it, after which a test that has not ended never will. */
const quietTurns = 50;

const strays: unknown[] = [];
let listening = false;

/** Rejections that nobody handles and errors that nobody catches fail the test in which they happen. */
function listenForStrays(): void {
  if (listening) return;
  listening = true;
  process.on('unhandledRejection', (reason) => strays.push(reason));
  process.on('uncaughtException', (error) => strays.push(error));
}

/** Runs one test; answers why it failed, or `undefined`. */
export async function failureOf(test: CollectedTest): Promise<string | undefined> {
  listenForStrays();
  await nextTurn();
  strays.length = 0;
  const idle = activity();
  let ended = false;
  let failure: string | undefined;
  const run = test.run().then(
    () => {
      ended = true;
    },
    (error: unknown) => {
      ended = true;
      failure = `failed: ${wordsOf(error)}`;
    },
  );
  // A test on a manual clock that waits for what never comes leaves the event loop as idle as it was before: that is
  // seen at once, where a time limit would have to be waited for, once per mutant.
  for (let quiet = 0; !ended; ) {
    await nextTurn();
    quiet = activity() === idle ? quiet + 1 : 0;
    if (quiet >= quietTurns) return 'never ended';
  }
  await run;
  await nextTurn();
  if (failure === undefined && strays.length > 0) failure = `left behind: ${wordsOf(strays[0])}`;
  return failure;
}

/** What could still wake somebody, as text. */
function activity(): string {
  return process.getActiveResourcesInfo().sort().join();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function wordsOf(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 500) : String(error);
  } catch {
    return 'something that cannot be said';
  }
}
