import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import { cache } from '../cache/cache.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { retry } from '../retry/retry.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { attemptTimeout } from '../timeout/attempt-timeout.ts';
import { deadline } from '../timeout/deadline.ts';
import { type Call, CallContext } from './call.ts';
import { CallGroup } from './call-group.ts';

const never = (): Promise<never> => new Promise(() => {});
const caught = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => assert.fail('did not fail'),
    (reason: unknown) => reason,
  );

test('ends every call that is under way, wherever it is, with the reason', async () => {
  const clock = new ManualClock();
  const runtime = { clock, random: () => 0 };
  const group = new CallGroup();
  const place = bulkhead({ maxConcurrent: 1 }, runtime);
  const policy = pipeline(
    deadline({}, runtime),
    place,
    retry({ baseMs: 1_000, jitter: 'none' }, runtime),
    attemptTimeout({}, runtime),
  );
  const heard: unknown[] = [];
  const running = caught(
    policy.execute(
      (call) => {
        call.onCancel((reason) => heard.push(reason));
        return never();
      },
      { group },
    ),
  );
  const queued = caught(policy.execute(never, { group }));
  const backingOff = caught(
    retry({ baseMs: 1_000, jitter: 'none' }, runtime).execute(() => Promise.reject(new Error('down')), { group }),
  );
  await settle();
  group.cancel('closed');
  group.cancel('too late');
  assert.deepEqual(await Promise.all([running, queued, backingOff]), ['closed', 'closed', 'closed']);
  assert.deepEqual([heard, group.cancelled, group.reason], [['closed'], true, 'closed']);
});

test('lets no call begin any more', async () => {
  const group = new CallGroup();
  group.cancel('closed');
  for (const policy of [deadline(), attemptTimeout(), retry(), pipeline(bulkhead(), retry())]) {
    assert.equal(await caught(policy.execute(() => assert.fail('begun'), { group })), 'closed', policy.name);
  }
});

test('leaves calls without it, and of another group, alone', async () => {
  const clock = new ManualClock();
  const group = new CallGroup();
  const policy = attemptTimeout({}, { clock, random: () => 0 });
  const work = async (): Promise<string> => {
    await clock.sleep(10);
    return 'done';
  };
  const calls = [policy.execute(work), policy.execute(work, { group: new CallGroup() })];
  group.cancel('closed');
  await clock.advance(10);
  assert.deepEqual(await Promise.all(calls), ['done', 'done']);
});

test('a caller may leave as well, and whoever is first gives the reason, once', async () => {
  for (const first of ['group', 'caller'] as const) {
    const group = new CallGroup();
    const caller = new AbortController();
    const call = CallContext.of({ group, signal: caller.signal });
    const heard: unknown[] = [];
    call.onCancel((reason) => heard.push(reason));
    const { signal } = call;
    assert.ok(!signal.aborted && call.cancellable);
    if (first === 'group') group.cancel('group');
    else caller.abort('caller');
    assert.deepEqual([call.cancelled, signal.aborted, signal.reason], [true, true, first]);
    group.cancel('group');
    caller.abort('caller');
    assert.deepEqual(heard, [first]);
  }
});

test('the reason stands that came first, also for who asks later', () => {
  const group = new CallGroup();
  const caller = new AbortController();
  const call = CallContext.of({ group, signal: caller.signal });
  group.cancel('group');
  caller.abort('caller');
  // Nobody listened, so which came first is not known: a caller's own reason is what the caller expects.
  assert.equal(call.reason, 'caller');
  assert.equal(CallContext.of({ group }).reason, 'group');
});

test('keeps nothing of calls that have ended', async () => {
  const group = new CallGroup();
  const caller = new AbortController();
  const policy = pipeline(bulkhead(), retry(), attemptTimeout());
  for (let i = 0; i < 100; i++) {
    await policy.execute(async (call) => call.signal, { group, signal: i % 2 === 0 ? caller.signal : undefined });
  }
  assert.deepEqual([group.isHeard, getEventListeners(caller.signal, 'abort').length], [false, 0]);
});

test('takes members off in any order, and tells those that are left', () => {
  const group = new CallGroup();
  const told: number[] = [];
  const leave = [1, 2, 3, 4].map((n) => group.onCancel(() => told.push(n)));
  leave[1]?.();
  leave[1]?.();
  leave[3]?.();
  group.onCancel(() => leave[0]?.());
  group.cancel('closed');
  for (const each of leave) each();
  // The last one to come is the first to be told, and has taken another off.
  assert.deepEqual([told, group.isHeard], [[3], false]);
});

test('its signal is made when it is read, and tells of what was before', () => {
  const group = new CallGroup();
  group.cancel('closed');
  assert.deepEqual([group.signal.aborted, group.signal.reason], [true, 'closed']);
  assert.equal(CallContext.of({ group }).signal, group.signal);
});

test('ends a refresh in the background that one of its calls has begun', async () => {
  const clock = new ManualClock();
  const group = new CallGroup();
  const kept = cache({ freshMs: 10, staleMs: 10_000, key: () => 'k' }, { clock, random: () => 0 });
  await kept.execute(async () => 1, { group });
  await clock.advance(20);
  const heard: unknown[] = [];
  const work = (call: Call): Promise<number> =>
    new Promise((_, reject) => {
      call.onCancel((reason) => {
        heard.push(reason);
        reject(reason);
      });
    });
  assert.equal(await kept.execute(work, { group }), 1);
  assert.equal(kept.snapshot().loading, 1);
  group.cancel('closed');
  await settle();
  assert.deepEqual([heard, kept.snapshot().loading], [['closed'], 0]);
});
