import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { AcceptanceWindow } from './acceptance-window.ts';

const seen = (window: AcceptanceWindow): [number, number] => [window.requests, window.accepts];

/** A window in which one call was accepted, after the given time. */
function windowThatAnswers(latencyMs = 0): AcceptanceWindow {
  const window = new AcceptanceWindow(1_000, 0);
  const sent = window.sent();
  window.accepted(sent, latencyMs);
  return window;
}

test('counts a call as soon as it is answered', () => {
  const window = new AcceptanceWindow(1_000, 0);
  const [one, other] = [window.sent(), window.sent()];
  assert.deepEqual(seen(window), [0, 0]);
  window.accepted(one, 0);
  assert.deepEqual(seen(window), [1, 1]);
  window.notAccepted(other);
  assert.deepEqual(seen(window), [2, 1]);
});

test('counts a call that stays unanswered when it has been under way for a bucket', () => {
  const window = windowThatAnswers();
  window.sent();
  window.advance(199);
  assert.deepEqual(seen(window), [1, 1]);
  window.advance(200);
  assert.deepEqual(seen(window), [2, 1]);
});

test('counts it only after twice the usual time where answers take longer than that', () => {
  const window = windowThatAnswers(300);
  window.sent();
  window.advance(999);
  assert.deepEqual(seen(window), [1, 1]);
  window.advance(1_000);
  assert.deepEqual(seen(window), [1, 0]);
});

test('counts no unanswered call while nothing was ever accepted', () => {
  const window = new AcceptanceWindow(1_000, 0);
  window.sent();
  window.notAccepted(window.sent());
  window.advance(999);
  assert.deepEqual(seen(window), [1, 0]);
});

test('an answer counts where its call was sent, and leaves with it', () => {
  const window = new AcceptanceWindow(1_000, 0);
  const bucket = window.sent();
  window.accepted(bucket, 900);
  assert.deepEqual(seen(window), [1, 1]);
  window.advance(1_000);
  assert.deepEqual(seen(window), [0, 0]);
});

test('an answer to a call that has left the window changes nothing', () => {
  const window = windowThatAnswers();
  const late = [window.sent(), window.sent(), window.sent()] as const;
  window.advance(5_000);
  window.notAccepted(window.sent());
  window.accepted(late[0], 5_000);
  window.notAccepted(late[1]);
  window.takenBack(late[2]);
  assert.deepEqual(seen(window), [1, 0]);
});

test('a call that said nothing counts as never sent', () => {
  const window = new AcceptanceWindow(1_000, 0);
  const buckets = [window.sent(), window.sent()] as const;
  window.takenBack(buckets[0]);
  window.advance(500);
  window.takenBack(buckets[1]);
  assert.deepEqual(seen(window), [0, 0]);
});

test('agrees with a list on any sequence of calls, answers and waits', (t) => {
  interface Sent {
    readonly bucket: number;
    answer: 'none' | 'accepted' | 'not' | 'back';
  }
  const step = fc.oneof(
    fc.constant('send' as const),
    fc.record({
      who: fc.nat({ max: 40 }),
      answer: fc.constantFrom('accepted' as const, 'not' as const, 'back' as const),
    }),
    fc.record({ waitMs: fc.oneof(fc.integer({ min: 0, max: 150 }), fc.integer({ min: 0, max: 3_000 })) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      let now = 7_777;
      const window = new AcceptanceWindow(1_000, now);
      const calls: Sent[] = [];
      let usual: number | undefined;
      for (const todo of steps) {
        if (todo === 'send') calls.push({ bucket: window.sent(), answer: 'none' });
        else if ('waitMs' in todo) {
          now += todo.waitMs;
          window.advance(now);
        } else {
          const call = calls[todo.who];
          if (call === undefined || call.answer !== 'none') continue;
          call.answer = todo.answer;
          if (todo.answer === 'accepted') {
            window.accepted(call.bucket, now);
            const took = Math.min(Math.floor(now / 100) - call.bucket, 10);
            usual = usual === undefined ? took : usual + (took - usual) * (2 / 101);
          }
          if (todo.answer === 'not') window.notAccepted(call.bucket);
          if (todo.answer === 'back') window.takenBack(call.bucket);
        }
        const newest = Math.floor(now / 100);
        const inside = calls.filter(({ bucket, answer }) => bucket > newest - 10 && answer !== 'back');
        const patient = usual === undefined ? 10 : 1 + Math.max(1, Math.ceil(2 * usual));
        const counted = inside.filter(({ bucket, answer }) => answer !== 'none' || bucket <= newest - patient);
        assert.deepEqual(seen(window), [counted.length, inside.filter(({ answer }) => answer === 'accepted').length]);
      }
    }),
    runs(t),
  );
});
