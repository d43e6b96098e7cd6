import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AttemptTimeoutError, DeadlineExceededError, type PolicyEvent, RefusedError } from '../src/index.ts';
import type { EventLog } from '../src/testing/index.ts';
import { runs } from './property-runs.ts';
import type { Kind, Seam } from './stacks.ts';
import { anyStory, type Lived, live } from './story.ts';

/*
 * Whatever policies stand in whatever order, whatever becomes of the calls and of those who made them: the sums come
 * out, and nothing is left behind.
 */

test('every call ends once, the sums of every policy come out, and nothing is left, in any order of policies', async (t) => {
  const reached = new Set<string>();
  await fc.assert(
    fc.asyncProperty(anyStory, async (story) => {
      const lived = await live(story);
      assert.deepEqual(strip(lived.left), {});
      for (const heard of lived.endings) {
        assert.equal(heard.length, 1, 'settles once');
        reached.add(heard[0]?.as as string);
      }
      const [outermost] = lived.seams;
      const ended = { ok: 0, refused: 0, aborted: 0, failed: 0 };
      for (const heard of lived.endings) for (const { as } of heard) ended[as]++;
      assert.equal(ended.ok, outermost?.answered);
      assert.equal(ended.refused + ended.aborted + ended.failed, outermost?.errors.length);
      assert.equal(lived.sends.length, lived.seams.at(-1)?.entered, 'a send for each call that comes out beneath');
      if (story.seams) checkSums(lived, reached);
      for (const { log } of lived.layers) for (const event of log.events) checkTimes(event);
      if (lived.layers.every(({ kind }) => oneAfterTheOther.includes(kind))) checkTotals(lived);
    }),
    runs(t),
  );
  const everything = [...Object.keys(sums), 'ok', 'refused', 'aborted', 'failed', 'late'];
  const notReached = everything.filter((what) => !reached.has(what));
  assert.deepEqual(notReached, [], 'the stories reach everything');
});

test('no order of policies sends too late, too often, or for nobody, or goes beyond a bound', async (t) => {
  await fc.assert(
    fc.asyncProperty(anyStory, async (story) => {
      const { layers, sends, endings, startedAt, answers, most } = await live(story);
      const kinds = story.stack.map(({ kind }) => kind);
      const shares = kinds.includes('coalesce') || kinds.includes('cache');

      for (const [of, { idempotent, leftMs, leavesAfterMs }] of story.calls.entries()) {
        const own = sends.filter((send) => send.of === of);
        const began = startedAt[of] as number;
        if (leavesAfterMs < 0) assert.equal(own.length, 0, 'sent for a caller who had left');
        // Whoever shares answers may ask anew for others, and copies that are retried one by one count for themselves.
        if (!shares && !retriesCopies(kinds))
          assert.equal(new Set(own.map(({ attempt }) => attempt)).size, own.length, 'an attempt twice');
        for (const [nth, send] of own.entries()) {
          assert.ok(send.named, 'target, operation and key are those of the call');
          assert.ok(!send.cancelledBefore, 'sent although it had been cancelled');
          if (!shares) assert.ok(send.deadline <= began + leftMs, 'a deadline that grew');
          if (keepsTime(kinds)) assert.ok(send.at < send.deadline, 'began at its deadline or later');
          if (!idempotent && nth > 0) assert.equal(own[nth - 1]?.fate.end, 'never left', 'done twice');
        }
        const [ending] = endings[of] ?? [];
        const inTimeMs = Math.min(leftMs, layers[0]?.deadlineMs ?? Number.POSITIVE_INFINITY);
        if (kinds[0] === 'deadline') assert.ok((ending?.at as number) <= began + inTimeMs, 'past its deadline');
        if (ending?.value === 'answered instead') assert.ok(kinds.includes('fallback'));
      }
      assert.equal(answers.inVain, 0, 'an answer for a caller who had left');
      for (const [i, layer] of layers.entries()) {
        // Beneath it, one call may be several works: one that was given up and another in its place.
        const several: readonly Kind[] = ['retry', 'hedge', 'cache'];
        const each = !kinds.slice(i).some((kind) => several.includes(kind));
        if (layer.most !== undefined && each) assert.ok(most <= layer.most, `${most} at once under ${layer.kind}`);
      }
    }),
    runs(t),
  );
});

/** What went in and came out, above and beneath a policy, against what it says of itself. */
type Sum = (above: Seam, beneath: Seam, log: EventLog) => void;

const gate: Sum = (above, beneath) => {
  assert.equal(above.answered, beneath.answered);
  assert.ok(beneath.entered <= above.entered);
};

const clock: Sum = (above, beneath) => {
  assert.ok(above.answered <= beneath.answered);
  assert.ok(beneath.entered <= above.entered);
};

const sums: Record<Kind, Sum> = {
  breaker: gate,
  bulkhead: gate,
  rateLimiter: gate,
  adaptiveLimiter: gate,
  throttle: gate,
  registry: gate,
  attemptTimeout: clock,
  deadline: clock,
  retry: (above, beneath, log) => {
    assert.equal(log.count('attempt.finished'), beneath.entered);
    assert.equal(log.count('attempt.finished', { error: undefined }), beneath.answered);
    assert.ok(beneath.entered <= above.entered + log.count('retry.scheduled'));
    assert.equal(above.answered, beneath.answered);
    assert.ok(log.count('retry.stopped') <= above.errors.length);
  },
  hedge: (above, beneath, log) => {
    const copies = log.count('hedge.started');
    assert.ok(beneath.entered - copies <= above.entered && beneath.entered >= copies);
    assert.ok(above.answered <= beneath.answered);
    const won = log.of('hedge.finished').filter(({ winner }) => winner > 0).length;
    assert.ok(won <= above.answered, 'at most one winner');
  },
  fallback: (above, beneath, log) => {
    assert.ok(beneath.entered <= above.entered);
    assert.equal(log.count('fallback.used'), above.answered - beneath.answered);
  },
  coalesce: (above, beneath, log) => assert.ok(beneath.entered <= above.entered + log.count('call.joined')),
  cache: (above, beneath, log) => {
    const looks = log.of('cache.looked-up');
    assert.ok(looks.length <= above.entered);
    const known = looks.filter(({ found }) => found !== 'miss' && found !== 'negative').length;
    assert.ok(known <= above.answered);
    assert.ok(above.answered + above.errors.length >= beneath.answered + beneath.errors.length - looks.length);
  },
  chaos: (above, beneath, log) => {
    // A caller may leave before the answer that was made up is there.
    const madeUp = above.answered - beneath.answered;
    assert.ok(madeUp >= 0 && madeUp <= log.count('chaos.injected', { kind: 'result' }));
    assert.ok(beneath.entered + log.count('chaos.injected', { kind: 'fault' }) <= above.entered);
  },
};

function checkSums({ story, layers, seams }: Lived, reached: Set<string>): void {
  for (const [i, { kind, log }] of layers.entries()) {
    sums[kind](seams[i] as Seam, seams[i + 1] as Seam, log);
    reached.add(kind);
  }
  // Each error passes several seams, and some reach those beneath as the reason to stop: they count once.
  const errors = new Set(seams.flatMap((seam) => seam.errors));
  const said = (type: PolicyEvent['type']): number => layers.reduce((sum, { log }) => sum + log.count(type), 0);
  assert.equal(said('call.refused'), count(errors, RefusedError));
  assert.equal(said('attempt.timed-out'), count(errors, AttemptTimeoutError));
  // Whoever finds a deadline passed before it begins makes such an error too, and has nothing to tell.
  assert.ok(said('deadline.exceeded') <= count(errors, DeadlineExceededError));
  const heeding = story.calls.every(({ fates }) => fates.every(({ deaf }) => !deaf));
  if (heeding) assert.equal(said('work.ended-late'), 0, 'work that heeds its signal ends at once');
  else if (said('work.ended-late') > 0) reached.add('late');
}

/** What neither works on several attempts of a call at once nor cuts a wait short. */
const oneAfterTheOther: readonly Kind[] = ['retry', 'breaker', 'bulkhead', 'rateLimiter', 'throttle', 'fallback'];

/** The attempts and waits of a call are no longer than the call. */
function checkTotals({ story, layers, endings, startedAt }: Lived): void {
  for (const { kind, log } of layers) {
    if (kind !== 'retry') continue;
    for (const [of, { leavesAfterMs }] of story.calls.entries()) {
      if (leavesAfterMs !== Number.POSITIVE_INFINITY) continue;
      const fields = { operation: `call ${of}` };
      const attempts = log.of('attempt.finished', fields).reduce((sum, { durationMs }) => sum + durationMs, 0);
      const waits = log.of('retry.scheduled', fields).reduce((sum, { waitMs }) => sum + waitMs, 0);
      const total = (endings[of]?.[0]?.at as number) - (startedAt[of] as number);
      assert.ok(attempts + waits <= total + 1e-6, `${attempts} and ${waits} of ${total} ms`);
    }
  }
}

function checkTimes(event: PolicyEvent): void {
  assert.ok(event.at >= 1_000);
  for (const name of ['durationMs', 'waitMs', 'afterMs', 'lateMs', 'openMs', 'retryAfterMs'] as const) {
    const value: unknown = Reflect.get(event, name);
    assert.ok(value === undefined || (typeof value === 'number' && value >= 0), `${name} of ${value}`);
  }
}

/** Whether somebody looks at the deadline just before the work begins. */
function keepsTime(kinds: readonly Kind[]): boolean {
  const looks: readonly (Kind | undefined)[] = ['attemptTimeout', 'deadline', 'retry', 'hedge'];
  return looks.includes(kinds.at(-1)) || kinds.includes('deadline');
}

/** An order that `mistakes()` points out. */
function retriesCopies(kinds: readonly Kind[]): boolean {
  const at = kinds.indexOf('hedge');
  return at >= 0 && (kinds.lastIndexOf('retry') > at || kinds.lastIndexOf('hedge') > at);
}

function count(errors: ReadonlySet<unknown>, type: abstract new (...args: never[]) => Error): number {
  let found = 0;
  for (const error of errors) if (error instanceof type) found++;
  return found;
}

function strip(left: Lived['left']): Partial<Lived['left']> {
  return Object.fromEntries(Object.entries(left).filter(([, value]) => value !== 0));
}
