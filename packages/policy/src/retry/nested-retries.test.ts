import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import type { Call } from '../contract/call.ts';
import type { SwitchgearError } from '../contract/errors.ts';
import { classifyOutcome } from '../contract/outcome.ts';
import { hedge } from '../hedge/hedge.ts';
import { caught } from '../testing/caught.ts';
import { JudgedError, throttled } from '../testing/judged-error.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import type { RetryOptions } from './options.ts';
import { retry } from './retry.ts';

/** Work that always fails, goes through retries one inside the other, and counts how often it was sent. */
async function sendsThrough(innermostFirst: readonly RetryOptions[], fails = () => new JudgedError('failure')) {
  const { runtime } = testRuntime({ random: 0 });
  let sends = 0;
  let work = async (_: Call): Promise<unknown> => {
    sends++;
    throw fails();
  };
  for (const options of innermostFirst) {
    const beneath = work;
    // As a client or a library has it: a call of its own, which knows nothing of the one around.
    work = () => retry(options, runtime).execute(beneath);
  }
  const error = (await caught(work(undefined as never))) as SwitchgearError;
  return { sends, error };
}

test('layers of retries send no more often than one of them', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 5 }), async (layers) => {
      const { sends, error } = await sendsThrough(layers.map((maxRetries) => ({ maxRetries })));
      // The innermost that retries at all; those within it have left it to that one.
      const retries = layers.find((maxRetries) => maxRetries > 0) ?? 0;
      assert.deepEqual([sends, error.retries, error.stopped], [1 + retries, retries, 'attempts-exhausted']);
    }),
    { ...runs(t), numRuns: 300 },
  );
});

test('does not send again what a retry beneath has found not to be repeatable', async () => {
  const once = { retryWhen: () => false };
  assert.equal((await sendsThrough([once, { maxRetries: 3 }])).sends, 1);
});

test('sends it again where whoever is around says so, having looked at it', async () => {
  const once = { retryWhen: () => false };
  assert.equal((await sendsThrough([once, { maxRetries: 3, retryWhen: () => true }])).sends, 4);
  assert.equal((await sendsThrough([once, { maxRetries: 3, classify: classifyOutcome }])).sends, 4);
});

test('no wish overrules a retry beneath that has tried', async () => {
  assert.equal((await sendsThrough([{ maxRetries: 1 }, { maxRetries: 3, retryWhen: () => true }])).sends, 2);
});

test('takes up what a retry beneath could not wait for', async () => {
  const impatient = { maxRetries: 2, maxRetryAfterMs: 0 };
  const { sends } = await sendsThrough([impatient, { maxRetries: 2 }], () => throttled());
  assert.equal(sends, 3);
  const { runtime, clock } = testRuntime({ random: 0 });
  let waited = 0;
  const inner = retry(impatient, runtime);
  const call = caught(
    retry({ maxRetries: 1 }, runtime).execute(() =>
      inner.execute(async () => {
        waited = clock.now();
        throw throttled(2_000);
      }),
    ),
  );
  await clock.advance(2_000);
  await call;
  assert.equal(waited, 2_000);
});

test('an error of somebody else is left as it is, and says nothing', async () => {
  const { runtime } = testRuntime({ random: 0 });
  const down = Object.freeze(new Error('down'));
  let sends = 0;
  const inner = retry({ maxRetries: 1 }, runtime);
  const error = await caught(
    retry({ maxRetries: 1 }, runtime).execute(() =>
      inner.execute(async () => {
        sends++;
        throw down;
      }),
    ),
  );
  assert.deepEqual([sends, error, Object.keys(down)], [4, down, []]);
});

test('a hedge sends no further copy of what a retry beneath has given up on, unless it goes elsewhere', async () => {
  for (const [options, first] of [
    [{ maxRetries: 1 }, 2],
    [{ retryWhen: () => false }, 1],
  ] as const) {
    const { runtime } = testRuntime({ random: 0 });
    let sends = 0;
    let elsewhere = 0;
    const beneath = () =>
      retry(options, runtime).execute(async () => {
        sends++;
        throw new JudgedError('failure');
      });
    const onFailure = { delayMs: 'on-failure', maxHedges: 2 } as const;
    await caught(hedge(onFailure, runtime).execute(beneath));
    assert.equal(sends, first);
    await hedge({ ...onFailure, action: async () => ++elsewhere }, runtime).execute(beneath);
    assert.deepEqual([sends, elsewhere], [2 * first, 1]);
  }
});
