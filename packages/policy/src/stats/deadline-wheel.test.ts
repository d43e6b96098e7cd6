import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { ManualClock } from '../testing/manual-clock.ts';
import { DeadlineWheel, WheelEntry } from './deadline-wheel.ts';

class Entry extends WheelEntry {
  readonly #onExpire: (entry: Entry) => void;

  constructor(dueAt: number, onExpire: (entry: Entry) => void) {
    super();
    this.dueAt = dueAt;
    this.#onExpire = onExpire;
  }

  override expire(): void {
    this.#onExpire(this);
  }
}

test('expires each entry at its own moment, however far away and however close together', async () => {
  const clock = new ManualClock();
  const wheel = new DeadlineWheel(clock);
  const expired: [due: number, at: number][] = [];
  for (const dueAt of [5, 5.5, 6, 40, 1_000, 16_384, 16_389, 40_000, 100_000]) {
    wheel.add(new Entry(dueAt, (entry) => expired.push([entry.dueAt, clock.now()])));
  }
  await clock.advance(100_000);
  assert.deepEqual(
    expired,
    [5, 5.5, 6, 40, 1_000, 16_384, 16_389, 40_000, 100_000].map((due) => [due, due]),
  );
  assert.equal(wheel.size, 0);
  assert.equal(clock.pending, 0);
});

test('leaves a removed entry alone, and goes idle after one empty firing', async () => {
  const clock = new ManualClock();
  const wheel = new DeadlineWheel(clock);
  const entry = new Entry(50, () => assert.fail('was removed'));
  wheel.add(entry);
  wheel.remove(entry);
  wheel.remove(entry);
  await clock.advance(1_000);
  assert.equal(wheel.size, 0);
  assert.equal(clock.pending, 0);
});

test('never arms an infinite deadline', () => {
  const clock = new ManualClock();
  new DeadlineWheel(clock).add(new Entry(Number.POSITIVE_INFINITY, () => {}));
  assert.equal(clock.pending, 0);
});

test('does not expire an entry that another one disarmed in the same firing', async () => {
  const clock = new ManualClock();
  const wheel = new DeadlineWheel(clock);
  const second = new Entry(11, () => assert.fail('was disarmed'));
  wheel.add(new Entry(10, () => wheel.remove(second)));
  wheel.add(second);
  clock.freeze(20);
  await clock.advance(0);
  assert.equal(wheel.size, 0);
});

test('expires everything that came due while the event loop stood still, soonest first', async () => {
  const clock = new ManualClock();
  const wheel = new DeadlineWheel(clock);
  const expired: number[] = [];
  for (const dueAt of [30_000, 10, 17_000, 500]) wheel.add(new Entry(dueAt, (entry) => expired.push(entry.dueAt)));
  clock.freeze(60_000);
  await clock.advance(0);
  assert.deepEqual(expired, [10, 500, 17_000, 30_000]);
});

test('after a stall, lets what has arrived be read before anything is called too late', async () => {
  const clock = new ManualClock();
  const wheel = new DeadlineWheel(clock);
  const answered = new Entry(100, () => assert.fail('its answer lay in the socket'));
  let expired = 0;
  wheel.add(answered);
  wheel.add(new Entry(100, () => expired++));
  clock.freeze(1_200);
  // The firing that is late; the event loop then reads its sockets.
  clock.setTimer(0, () => wheel.remove(answered));
  await clock.advance(0);
  assert.equal(expired, 1);
});

test('agrees with a naive list of deadlines on any trace', async (t) => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 0, max: 40_000 }) }),
    fc.record({ remove: fc.nat(30) }),
    fc.record({ advance: fc.integer({ min: 0, max: 9_000 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const clock = new ManualClock(3);
      const wheel = new DeadlineWheel(clock);
      const entries: Entry[] = [];
      const expired = new Map<Entry, number>();
      const removed = new Set<Entry>();
      for (const act of steps) {
        if ('add' in act) {
          const entry = new Entry(clock.now() + act.add, (self) => expired.set(self, clock.now()));
          entries.push(entry);
          wheel.add(entry);
        } else if ('remove' in act) {
          const entry = entries[act.remove];
          if (entry !== undefined && !expired.has(entry)) {
            wheel.remove(entry);
            removed.add(entry);
          }
        } else {
          await clock.advance(act.advance);
        }
      }
      await clock.advance(50_000);
      for (const entry of entries) assert.equal(expired.get(entry), removed.has(entry) ? undefined : entry.dueAt);
      assert.equal(wheel.size, 0);
    }),
    runs(t),
  );
});
