import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock, Timer } from '../contract/runtime.ts';
import { DeadlineWheel, WheelEntry, wheelOf } from './deadline-wheel.ts';

/* How many timers the wheel takes, and what it does in each firing. */

class Entry extends WheelEntry {
  readonly #onExpire: (entry: Entry) => void;

  constructor(dueAt: number, onExpire: (entry: Entry) => void = () => {}) {
    super();
    this.dueAt = dueAt;
    this.#onExpire = onExpire;
  }

  override expire(): void {
    this.#onExpire(this);
  }
}

interface HandTimer {
  readonly ms: number;
  readonly run: () => void;
  holds: boolean;
  cancelled: boolean;
}

/** A clock whose timers run when the test says so, however late. */
class HandClock implements Clock {
  at: number;
  readonly timers: HandTimer[] = [];

  constructor(at = 0) {
    this.at = at;
  }

  now(): number {
    return this.at;
  }

  wallNow(): number {
    return this.at;
  }

  setTimer(ms: number, run: () => void): Timer {
    const timer = { ms, run, holds: true, cancelled: false };
    this.timers.push(timer);
    return {
      cancel: () => {
        timer.cancelled = true;
      },
      unref: () => {
        timer.holds = false;
      },
    };
  }

  /** Runs the latest timer at this moment. */
  fireAt(at: number): void {
    this.at = at;
    this.timers.at(-1)?.run();
  }
}

test('entries of one moment share a timer, and a sooner one takes it over', () => {
  const clock = new HandClock();
  const wheel = new DeadlineWheel(clock);
  wheel.add(new Entry(100));
  wheel.add(new Entry(100));
  wheel.add(new Entry(200));
  assert.deepEqual(
    clock.timers.map(({ ms }) => ms),
    [100],
  );
  wheel.add(new Entry(50));
  assert.deepEqual(
    clock.timers.map(({ ms, cancelled }) => [ms, cancelled]),
    [
      [100, true],
      [50, false],
    ],
  );
});

test('an entry is counted once, however often it is added, in any slot', () => {
  const wheel = new DeadlineWheel(new HandClock());
  for (const dueAt of [5, 500]) {
    const entry = new Entry(dueAt);
    wheel.add(entry);
    wheel.add(entry);
  }
  wheel.add(new Entry(Number.POSITIVE_INFINITY));
  assert.equal(wheel.size, 2);
});

test('none of its timers holds the process, not even after a stall', () => {
  const clock = new HandClock();
  const wheel = new DeadlineWheel(clock);
  wheel.add(new Entry(100));
  wheel.add(new Entry(900));
  clock.fireAt(151);
  clock.fireAt(151);
  assert.deepEqual(
    clock.timers.map(({ ms, holds }) => [ms, holds]),
    [
      [100, false],
      [0, false],
      [749, false],
    ],
  );
});

test('expires at once when it fires up to 50 ms late, and lets the loop read first beyond', () => {
  for (const [lateMs, expiredAtOnce] of [
    [0, 1],
    [50, 1],
    [51, 0],
  ] as const) {
    // Far from the clock's zero, where a lateness is no sum of two moments.
    const clock = new HandClock(1_000);
    const wheel = new DeadlineWheel(clock);
    let expired = 0;
    wheel.add(new Entry(1_100, () => expired++));
    clock.fireAt(1_100 + lateMs);
    assert.equal(expired, expiredAtOnce, `${lateMs} ms late`);
  }
});

test('lets the loop read first after every stall, not only after the first', () => {
  const clock = new HandClock();
  const wheel = new DeadlineWheel(clock);
  const expired: number[] = [];
  wheel.add(new Entry(100, () => expired.push(100)));
  wheel.add(new Entry(1_000, () => expired.push(1_000)));
  clock.fireAt(400);
  assert.deepEqual(expired, []);
  clock.fireAt(400);
  assert.deepEqual(expired, [100]);
  clock.fireAt(1_400);
  assert.deepEqual(expired, [100]);
  clock.fireAt(1_400);
  assert.deepEqual(expired, [100, 1_000]);
});

test('one firing expires all that is due, in whatever slots', () => {
  const clock = new HandClock();
  const wheel = new DeadlineWheel(clock);
  const expired: number[] = [];
  for (const dueAt of [100, 117, 133, 149]) wheel.add(new Entry(dueAt, () => expired.push(dueAt)));
  clock.fireAt(149);
  assert.deepEqual(expired, [100, 117, 133, 149]);
  assert.equal(clock.timers.length, 1);
});

test('an entry that is added while others expire arms one timer, for itself', () => {
  const clock = new HandClock();
  const wheel = new DeadlineWheel(clock);
  wheel.add(new Entry(100, () => wheel.add(new Entry(300))));
  clock.fireAt(100);
  assert.deepEqual(
    clock.timers.map(({ ms }) => ms),
    [100, 200],
  );
});

test('after a stall of more than a turn, what is armed anew keeps its new moment', () => {
  const clock = new HandClock();
  const wheel = new DeadlineWheel(clock);
  const expired: number[] = [];
  const entry = new Entry(5, () => {
    expired.push(clock.at);
    entry.dueAt = clock.at + 5_000;
    if (expired.length < 3) wheel.add(entry);
  });
  wheel.add(entry);
  clock.fireAt(40_000);
  clock.fireAt(40_000);
  assert.deepEqual(expired, [40_000]);
  assert.equal(wheel.size, 1);
});

test('a clock has one wheel, and another clock another', () => {
  const clock = new HandClock();
  assert.equal(wheelOf(clock), wheelOf(clock));
  assert.notEqual(wheelOf(clock), wheelOf(new HandClock()));
});
