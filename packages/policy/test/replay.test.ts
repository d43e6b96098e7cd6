import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { runs } from './property-runs.ts';
import { anyStory, type Lived, live } from './story.ts';

const hourMs = 3_600_000;

test('the same seed and script give the same events and answers, however the wall clock jumps meanwhile', async (t) => {
  const jumps = fc.array(fc.constantFrom(-hourMs, hourMs, -1, 1_000), { minLength: 1, maxLength: 5 });
  let events = 0;
  await fc.assert(
    fc.asyncProperty(anyStory, jumps, async (story, times) => {
      const first = told(await live(story));
      let jump = 0;
      const again = told(await live(story, (clock) => clock.jumpWall(times[jump++ % times.length] as number)));
      if (again.join() !== first.join()) assert.deepEqual(again, first);
      events += first.length;
    }),
    runs(t),
  );
  assert.ok(events > 0);
});

test('another seed gives other waits', async () => {
  const story = {
    stack: [{ kind: 'retry', variant: 0 }],
    calls: [
      {
        gapMs: 0,
        key: 'alice',
        idempotent: true,
        leftMs: Number.POSITIVE_INFINITY,
        leavesAfterMs: Number.POSITIVE_INFINITY,
        leavesAfterTurns: 0,
        reason: 0,
        fates: [{ ms: 0, end: 'down', deaf: false }],
      },
    ],
    seams: false,
  } as const;
  const [one, other] = await Promise.all([live({ ...story, seed: 1 }), live({ ...story, seed: 2 })]);
  assert.notDeepEqual(told(one), told(other));
});

/** Everything that a listener hears and a caller sees, as text: errors are new ones each time. */
function told({ layers, endings, sends }: Lived): string[] {
  const events = layers.flatMap(({ log }) =>
    log.events.map((event) => JSON.stringify(event, (name, value) => (name === 'error' ? nameOf(value) : value))),
  );
  const ends = endings
    .flat()
    .map(({ as, at, value, error }) => `${as} at ${at}: ${JSON.stringify(value)} ${nameOf(error)}`);
  return [...events, ...ends, ...sends.map(({ of, at, attempt }) => `${of} sent as ${attempt} at ${at}`)];
}

function nameOf(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  return typeof error === 'object' ? Object.prototype.toString.call(error) : inspect(error);
}
