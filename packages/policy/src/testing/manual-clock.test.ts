import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, settle } from './manual-clock.ts';

/** Timers that note when they ran. */
function noting(clock: ManualClock): { set: (...ms: number[]) => void; ran: number[] } {
  const ran: number[] = [];
  return { ran, set: (...all) => all.forEach((ms) => void clock.setTimer(ms, () => ran.push(clock.now()))) };
}

test('stands still until it is told to move', async () => {
  const clock = new ManualClock(100, 5_000);
  await settle();
  assert.deepEqual([clock.now(), clock.wallNow()], [100, 5_000]);
  await clock.advance(20);
  assert.deepEqual([clock.now(), clock.wallNow()], [120, 5_020]);
});

test('runs each timer at its own moment, in order, those of one moment as they were set', async () => {
  const clock = new ManualClock();
  const ran: string[] = [];
  for (const [name, ms] of [
    ['c', 30],
    ['a', 10],
    ['b', 20],
    ['b2', 20],
    ['late', -5],
  ] as const) {
    clock.setTimer(ms, () => ran.push(`${name} at ${clock.now()}`));
  }
  await clock.advance(29);
  assert.deepEqual(ran, ['late at 0', 'a at 10', 'b at 20', 'b2 at 20']);
  assert.equal(clock.pending, 1);
  await clock.advance(1);
  assert.equal(ran.at(-1), 'c at 30');
});

test('takes a timer of less than no time for one that is due now, in its turn', async () => {
  const clock = new ManualClock(100);
  const ran: string[] = [];
  clock.setTimer(0, () => ran.push('now'));
  clock.setTimer(-5, () => ran.push('late'));
  assert.equal(clock.nextDueAt, 100);
  await clock.advance(0);
  assert.deepEqual(ran, ['now', 'late']);
});

test('lets promises settle before the first timer, between two, and after the last', async () => {
  const clock = new ManualClock();
  const order: string[] = [];
  const chain = async (name: string): Promise<void> => {
    for (let i = 0; i < 5; i++) await Promise.resolve();
    order.push(name);
  };
  void chain('before');
  clock.setTimer(1, () => {
    order.push('first');
    void chain('between');
  });
  clock.setTimer(1, () => {
    order.push('second');
    void chain('after');
  });
  await clock.advance(1);
  assert.deepEqual(order, ['before', 'first', 'between', 'second', 'after']);
});

test('runs timers that are set on the way, if they are due', async () => {
  const clock = new ManualClock();
  const { set, ran } = noting(clock);
  clock.setTimer(10, () => set(5, 50));
  await clock.advance(20);
  assert.deepEqual([ran, clock.pending, clock.nextDueAt], [[15], 1, 60]);
});

test('does not run a timer that was taken back, and counts those that were not', async () => {
  const clock = new ManualClock();
  const timer = clock.setTimer(5, () => assert.fail('ran'));
  assert.deepEqual([clock.pending, clock.nextDueAt], [1, 5]);
  timer.unref();
  timer.cancel();
  timer.cancel();
  await clock.advance(10);
  assert.deepEqual([clock.pending, clock.nextDueAt], [0, undefined]);
});

test('sleeps by its own time', async () => {
  const clock = new ManualClock();
  let woke: number | undefined;
  const slept = clock.sleep(25).then(() => {
    woke = clock.now();
  });
  await clock.advance(24);
  assert.equal(woke, undefined);
  await clock.advance(1);
  await slept;
  assert.equal(woke, 25);
});

test('moves on to a moment', async () => {
  const clock = new ManualClock(100);
  const { set, ran } = noting(clock);
  set(50);
  await clock.advanceTo(149);
  assert.deepEqual([clock.now(), ran], [149, []]);
  await clock.advanceTo(150);
  await clock.advanceTo(150);
  assert.deepEqual([clock.now(), ran], [150, [150]]);
});

test('runs all timers that are left, and says how many', async () => {
  const clock = new ManualClock();
  const { set, ran } = noting(clock);
  clock.setTimer(10, () => set(5));
  set(3_600_000, 20, Number.POSITIVE_INFINITY);
  assert.equal(await clock.runAll(), 4);
  // What is due never is not waited for.
  assert.deepEqual([ran, clock.now(), clock.pending], [[15, 20, 3_600_000], 3_600_000, 1]);
  assert.equal(await clock.runAll(), 0);
});

test('lets what was begun set its timers before all are run', async () => {
  const clock = new ManualClock();
  const { set, ran } = noting(clock);
  void Promise.resolve().then(() => set(5));
  assert.equal(await clock.runAll(), 1);
  assert.deepEqual(ran, [5]);
});

test('gives up on timers that never end', async () => {
  const clock = new ManualClock();
  const tick = (): void => void clock.setTimer(10, tick);
  tick();
  await assert.rejects(clock.runAll(3), /^Error: after 3 timers there is one more, due at 40 ms$/);
  assert.equal(clock.now(), 30);
  await assert.rejects(clock.runAll(), /after 1000 timers/);
});

test('runs exactly as many timers as are allowed', async () => {
  const clock = new ManualClock();
  const { set } = noting(clock);
  set(1, 2, 3);
  assert.equal(await clock.runAll(3), 3);
});

test('lets the wall clock jump either way, and time pass as before', async () => {
  const clock = new ManualClock(0, 1_000_000);
  const { set, ran } = noting(clock);
  set(10);
  clock.jumpWall(-3_600_000);
  await clock.advance(5);
  assert.deepEqual([clock.now(), clock.wallNow(), ran], [5, -2_599_995, []]);
  clock.jumpWall(7_200_000);
  await clock.advance(5);
  assert.deepEqual([clock.now(), clock.wallNow(), ran], [10, 4_600_010, [10]]);
});

test('wakes late after it was frozen, in order', async () => {
  const clock = new ManualClock();
  const { set, ran } = noting(clock);
  set(10, 20);
  clock.freeze(5_000);
  assert.deepEqual([clock.now(), clock.wallNow() - 1_700_000_000_000, ran], [5_000, 5_000, []]);
  await clock.advance(0);
  assert.deepEqual(ran, [5_000, 5_000]);
});

test('never steps back, even when it is frozen while it moves', async () => {
  const clock = new ManualClock();
  clock.setTimer(10, () => clock.freeze(1_000));
  await clock.advance(50);
  assert.equal(clock.now(), 1_010);
  await Promise.all([clock.advance(20), clock.advance(10)]);
  assert.equal(clock.now(), 1_030);
});

test('refuses to move by what is no time', async () => {
  const clock = new ManualClock(100);
  for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    await assert.rejects(clock.advance(ms), RangeError);
    await assert.rejects(clock.advanceTo(100 + ms), RangeError);
    assert.throws(() => clock.freeze(ms), RangeError);
  }
  assert.throws(() => clock.jumpWall(Number.NaN), RangeError);
  assert.throws(() => clock.setTimer(Number.NaN, () => {}), /a timer of NaN ms/);
  assert.throws(() => clock.setTimer('5' as never, () => {}), RangeError);
  assert.deepEqual([clock.now(), clock.pending], [100, 0]);
});
