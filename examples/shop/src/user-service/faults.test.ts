import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fault, FaultInjector, FaultSettingsSchema } from './faults.ts';

function draw(settings: object, count = 1_000): readonly Fault[] {
  const faults = new FaultInjector();
  faults.inject(FaultSettingsSchema.parse(settings));
  return Array.from({ length: count }, () => faults.next());
}

test('does nothing until it is told to, and nothing after it is cleared', () => {
  const faults = new FaultInjector();
  assert.deepEqual(faults.next(), { latencyMs: 0, failure: undefined });
  faults.inject(FaultSettingsSchema.parse({ latencyMs: 5, failureRatio: 1 }));
  faults.clear();
  assert.deepEqual(faults.next(), { latencyMs: 0, failure: undefined });
});

test('repeats itself under the same seed and not under another', () => {
  const once = draw({ failureRatio: 0.5, seed: 7 });
  assert.deepEqual(draw({ failureRatio: 0.5, seed: 7 }), once);
  assert.notDeepEqual(draw({ failureRatio: 0.5, seed: 8 }), once);
});

test('fails the share of requests it was told, in every way it knows', () => {
  const failures = draw({ failureRatio: 0.5, seed: 7 }).flatMap((fault) => fault.failure ?? []);
  assert.ok(Math.abs(failures.length - 500) < 50, `${failures.length} of 1000`);
  assert.deepEqual(new Set(failures), new Set(['503', '500', 'reset']));
});

test('fails never at 0 and always at 1', () => {
  assert.ok(draw({ failureRatio: 0 }).every((fault) => fault.failure === undefined));
  assert.ok(draw({ failureRatio: 1 }).every((fault) => fault.failure !== undefined));
});

test('fails only in the ways that are asked for', () => {
  assert.deepEqual(
    new Set(draw({ failureRatio: 1, failures: ['500'] }).map((fault) => fault.failure)),
    new Set(['500']),
  );
});

test('adds the same latency to every request', () => {
  assert.deepEqual(new Set(draw({ latencyMs: 40, failureRatio: 0.5 }).map((fault) => fault.latencyMs)), new Set([40]));
});

for (const settings of [
  { failureRatio: 1.1 },
  { failureRatio: -1 },
  { latencyMs: -1 },
  { ratio: 1 },
  { failures: [] },
]) {
  test(`refuses ${JSON.stringify(settings)}`, () => {
    assert.equal(FaultSettingsSchema.safeParse(settings).success, false);
  });
}

test('wakes from its sleep when the caller is gone', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const gone = new AbortController();
  const slept = new FaultInjector().sleep(60_000, gone.signal);
  gone.abort();
  await slept;
});

test('sleeps as long as it is told', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let awake = false;
  const slept = new FaultInjector().sleep(100, new AbortController().signal).then(() => {
    awake = true;
  });
  t.mock.timers.tick(99);
  await Promise.resolve();
  assert.equal(awake, false);
  t.mock.timers.tick(1);
  await slept;
  assert.equal(awake, true);
});
