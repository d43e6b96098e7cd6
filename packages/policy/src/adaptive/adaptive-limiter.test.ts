import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallContext } from '../contract/call.ts';
import { ConcurrencyLimitedError, ConfigError } from '../contract/errors.ts';
import type { Permit } from '../contract/gate.ts';
import { pipeline } from '../pipeline/pipeline.ts';
import { EventLog } from '../testing/event-log.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { attemptTimeout } from '../timeout/attempt-timeout.ts';
import { deadline } from '../timeout/deadline.ts';
import { type AdaptiveLimiter, adaptiveLimiter } from './adaptive-limiter.ts';
import { aimdLimit } from './aimd.ts';
import type { Limit, LimitSample } from './limit.ts';
import { type AdaptiveLimiterOptions, adaptiveLimiterDefaults } from './options.ts';

function limiterWith(options: AdaptiveLimiterOptions = {}) {
  const runtime = { clock: new ManualClock(), random: () => 0.5, events: new EventLog() };
  return { limiter: adaptiveLimiter(options, runtime), runtime, ...runtime };
}

function take(limiter: AdaptiveLimiter): Permit {
  const admission = limiter.tryAcquire();
  assert.ok(admission.admitted);
  return admission;
}

/** An algorithm that writes down what it is told, and answers what the test says. */
function scripted(...answers: readonly unknown[]): { algorithm: () => Limit; told: LimitSample[] } {
  const told: LimitSample[] = [];
  let at = 0;
  const onSample = (limit: number, sample: LimitSample): number => {
    told.push(sample);
    const answer = at < answers.length ? answers[at++] : limit;
    if (answer instanceof Error) throw answer;
    return answer as number;
  };
  return { algorithm: () => ({ name: 'scripted', minimumSamples: 1, onSample }), told };
}

/** Runs calls of the given latency, one after the other, ending each as told. */
function calls(limiter: AdaptiveLimiter, clock: ManualClock, count: number, ms: number, kind: keyof Ending): void {
  for (let i = 0; i < count; i++) {
    const permit = take(limiter);
    clock.freeze(ms);
    permit[kind]();
  }
}

type Ending = Pick<Permit, 'success' | 'failure' | 'throttled' | 'ignored'>;

test('admits as many calls at once as the limit says, and refuses the next at once', () => {
  const { limiter } = limiterWith({ initialLimit: 2 });
  const permits = [take(limiter), take(limiter)];
  const refused = limiter.tryAcquire();
  assert.ok(!refused.admitted);
  assert.deepEqual([refused.reason, refused.retryAfterMs], ['concurrency-limited', undefined]);
  permits[0]?.success();
  assert.equal(limiter.tryAcquire().admitted, true);
});

for (const kind of ['success', 'failure', 'throttled', 'ignored'] as const) {
  test(`frees a place once when a call ends with ${kind}, however often it is ended`, () => {
    const { limiter } = limiterWith({ initialLimit: 2 });
    const permit = take(limiter);
    take(limiter);
    permit[kind]();
    permit[kind]();
    permit.success();
    assert.equal(limiter.snapshot().active, 1);
  });
}

test('a refusal is an error that names the target, was never sent and has no stack', async () => {
  const { limiter, events } = limiterWith({ initialLimit: 1, name: 'users' });
  take(limiter);
  const error = await limiter
    .execute(async () => assert.fail('ran'), { operation: 'get' })
    .then(
      () => assert.fail('was not refused'),
      (thrown: unknown) => thrown,
    );
  assert.ok(error instanceof ConcurrencyLimitedError);
  const { code, reason, target, operation, sent, attempts, message } = error;
  assert.deepEqual(
    [code, reason, target, operation, sent, attempts, message],
    [
      'SWITCHGEAR_CONCURRENCY_LIMITED',
      'concurrency-limited',
      'users',
      'get',
      'never',
      0,
      'the one place that the target bears is taken',
    ],
  );
  assert.doesNotMatch(error.stack ?? '', /\n {4}at /);
  assert.deepEqual(events.types, ['call.refused']);
});

test('tells the algorithm latencies of successes and drops of throttled calls, and nothing of the rest', () => {
  const { algorithm, told } = scripted();
  const { limiter, clock } = limiterWith({ algorithm, dropRatio: 0.5 });
  calls(limiter, clock, 10, 30, 'success');
  calls(limiter, clock, 10, 1, 'failure');
  calls(limiter, clock, 10, 1, 'ignored');
  calls(limiter, clock, 9, 1, 'throttled');
  clock.freeze(1_000);
  calls(limiter, clock, 1, 30, 'success');
  calls(limiter, clock, 1, 1_000, 'throttled');
  assert.deepEqual(told, [
    { latencyMs: 30, inFlight: 1, full: false, dropped: false },
    { latencyMs: undefined, inFlight: 1, full: false, dropped: true },
  ]);
});

test('a timeout is heard as a drop, an error as nothing', async () => {
  const { limiter, clock, runtime } = limiterWith({ dropRatio: 1 });
  const inside = pipeline(limiter, attemptTimeout({ attemptTimeoutMs: 100 }, runtime));
  const outside = pipeline(
    deadline({ deadlineMs: 100 }, runtime),
    limiter,
    attemptTimeout({ attemptTimeoutMs: 500 }, runtime),
  );
  const hangs = (call: { onCancel(run: (reason: unknown) => void): void }): Promise<never> =>
    new Promise((_, reject) => void call.onCancel(reject));
  const settled = Promise.allSettled([inside.execute(hangs), outside.execute(hangs)]);
  await clock.advance(200);
  await settled;
  assert.deepEqual([limiter.snapshot().samples, limiter.snapshot().active], [2, 0]);
  const timeout = Object.assign(new Error('aborted'), { name: 'TimeoutError' });
  await assert.rejects(limiter.execute(() => Promise.reject(timeout)));
  assert.equal(limiter.snapshot().samples, 3);
  await assert.rejects(limiter.execute(() => Promise.reject(new Error('down'))));
  await assert.rejects(limiter.execute(() => Promise.reject('not even an error')));
  assert.equal(limiter.snapshot().samples, 3);
});

test('a caller who leaves tells nothing', async () => {
  const { limiter } = limiterWith();
  const caller = new AbortController();
  const left = limiter.execute((call) => new Promise((_, reject) => call.onCancel(reject)), { signal: caller.signal });
  caller.abort(new Error('left'));
  await assert.rejects(left, /left/);
  assert.deepEqual([limiter.snapshot().samples, limiter.snapshot().active], [0, 0]);
});

test('work that ignores its timeout keeps its place until it ends', async () => {
  const { limiter, clock, runtime } = limiterWith({ initialLimit: 1 });
  const work = Promise.withResolvers<void>();
  const both = pipeline(limiter, attemptTimeout({ attemptTimeoutMs: 100 }, runtime));
  const timedOut = assert.rejects(
    both.execute(() => work.promise),
    { code: 'SWITCHGEAR_ATTEMPT_TIMEOUT' },
  );
  await clock.advance(200);
  await timedOut;
  assert.equal(limiter.snapshot().active, 1);
  work.resolve();
  await settle();
  assert.equal(limiter.snapshot().active, 0);
});

test('judges by the classifier it is given, and passes one over that throws', async () => {
  const { limiter, clock } = limiterWith({ classify: () => ({ kind: 'throttled', retry: 'never' }) });
  await limiter.execute(async () => 'slow down');
  assert.equal(limiter.snapshot().samples, 1);
  const broken = adaptiveLimiter(
    { classify: () => assert.fail('broken') },
    { clock, random: () => 0, events: new EventLog() },
  );
  assert.equal(await broken.execute(async () => 'fine'), 'fine');
  assert.equal(broken.snapshot().active, 0);
});

test('moves the limit when a window is full, says so once, after it has settled', () => {
  const { algorithm } = scripted(12.7, 12.2, 30);
  const { limiter, clock, events } = limiterWith({ algorithm, name: 'users' });
  const seen: number[] = [];
  events.publish = (event) => {
    seen.push(limiter.snapshot().limit, limiter.snapshot().active);
    EventLog.prototype.publish.call(events, event);
  };
  // Calls of a second make windows of two.
  calls(limiter, clock, 6, 1_000, 'success');
  assert.deepEqual(
    events.of('limit.changed').map(({ limiter: of, target, limit, previous }) => [of, target, limit, previous]),
    [
      ['users', 'users', 12, 20],
      ['users', 'users', 30, 12],
    ],
  );
  assert.deepEqual(seen, [12, 0, 30, 0]);
});

test('keeps the limit inside its bounds, and as it is where the algorithm answers nonsense', () => {
  const nonsense = [Number.NaN, Number.POSITIVE_INFINITY, undefined, '7', new Error('broken')];
  const { algorithm, told } = scripted(-5, ...nonsense, 1_000, ...nonsense);
  const { limiter, clock } = limiterWith({ algorithm, minLimit: 3, maxLimit: 50 });
  const limits: number[] = [];
  for (let i = 0; i < 12; i++) {
    calls(limiter, clock, 2, 1_000, 'success');
    limits.push(limiter.limit);
  }
  assert.equal(told.length, 12);
  assert.deepEqual(limits, [3, 3, 3, 3, 3, 3, 50, 50, 50, 50, 50, 50]);
});

test('a lower limit strands nobody: calls under way go on, and none enters until there is a place', () => {
  const { algorithm } = scripted(2);
  const { limiter, clock } = limiterWith({ algorithm });
  const permits = Array.from({ length: 5 }, () => take(limiter));
  clock.freeze(1_000);
  permits[0]?.success();
  clock.freeze(1_000);
  permits[1]?.success();
  assert.deepEqual([limiter.limit, limiter.snapshot().active], [2, 3]);
  assert.equal(limiter.tryAcquire().admitted, false);
  permits[2]?.success();
  assert.equal(limiter.tryAcquire().admitted, false);
  permits[3]?.success();
  assert.equal(limiter.tryAcquire().admitted, true);
});

test('forgets everything when it is reset; late results of before free their place and tell nothing', () => {
  const { algorithm, told } = scripted(50);
  const { limiter, clock, events } = limiterWith({ algorithm });
  calls(limiter, clock, 2, 1_000, 'success');
  const late = [take(limiter), take(limiter)] as const;
  assert.equal(limiter.limit, 50);
  limiter.reset();
  assert.deepEqual([limiter.limit, limiter.snapshot().active, limiter.snapshot().latencyMs], [20, 2, null]);
  assert.equal(events.of('limit.changed').at(-1)?.limit, 20);
  clock.freeze(600_000);
  late[0].success();
  late[1].throttled();
  assert.deepEqual([limiter.snapshot().active, limiter.snapshot().samples, told.length], [0, 0, 1]);
  assert.deepEqual([late[0].epoch, take(limiter).epoch], [0, 1]);
});

test('says why the limit is where it is', () => {
  const { limiter, clock } = limiterWith({ name: 'users', algorithm: aimdLimit(), minLimit: 18, maxLimit: 21 });
  assert.equal(limiter.explain(), '0 of 20 places taken; aimd: no window is full yet, 0 calls so far');
  for (let round = 0; round < 2; round++) {
    const permits = Array.from({ length: 12 }, () => take(limiter));
    clock.freeze(1_000);
    for (const permit of permits) permit.success();
  }
  assert.equal(
    limiter.explain(),
    '0 of 21 places taken; aimd: in the last window calls took 1000 ms, with at most 12 at once; at its highest',
  );
  for (let round = 0; round < 4; round++) {
    const permits = Array.from({ length: 12 }, () => take(limiter));
    clock.freeze(2_000);
    for (const permit of permits) permit.throttled();
  }
  assert.match(
    limiter.explain(),
    /^0 of 18 .* no call was answered, some were dropped, with at most 12 at once; at its lowest$/,
  );
  assert.equal(limiter.describe(), "adaptiveLimiter 'users': aimd, 18 to 21 at once, from 20, by windows of 1000 ms");
});

test('says it without a name, and the shorter a latency the more exactly', () => {
  const { algorithm } = scripted();
  const { limiter, clock } = limiterWith({ algorithm });
  calls(limiter, clock, 1_000, 1.26, 'success');
  assert.equal(
    limiter.explain(),
    '0 of 20 places taken; scripted: in the last window calls took 1.3 ms, with at most 1 at once',
  );
  assert.match(limiter.describe(), /^adaptiveLimiter: scripted/);
});

test('a call that names its target keeps it in the error', () => {
  const { limiter } = limiterWith({ initialLimit: 2, name: 'reports' });
  take(limiter);
  take(limiter);
  const refused = limiter.tryAcquire();
  assert.ok(!refused.admitted);
  const error = refused.toError(CallContext.of({ target: 'users' }));
  assert.deepEqual([error.target, error.message], ['users', 'all 2 places that the target bears are taken']);
});

test('moves the limit when nobody listens, and whatever a listener does', () => {
  const deaf = { wants: () => false, publish: () => assert.fail('was told') };
  const broken = { wants: () => true, publish: () => assert.fail('broken') };
  for (const events of [deaf, broken]) {
    const clock = new ManualClock();
    const limiter = adaptiveLimiter({ algorithm: scripted(7).algorithm }, { clock, random: () => 0, events });
    calls(limiter, clock, 2, 1_000, 'success');
    assert.equal(limiter.limit, 7);
  }
});

test('is by default what the constants say', () => {
  const { limiter } = limiterWith();
  const { algorithm, limit, active, samples, epoch, name } = limiter.snapshot();
  assert.deepEqual(
    { algorithm, limit, active, samples, epoch, name },
    {
      algorithm: adaptiveLimiterDefaults.algorithm,
      limit: adaptiveLimiterDefaults.initialLimit,
      active: 0,
      samples: 0,
      epoch: 0,
      name: '',
    },
  );
});

test('knows the four algorithms by name', () => {
  for (const algorithm of ['vegas', 'gradient2', 'aimd', 'correlation'] as const) {
    assert.equal(limiterWith({ algorithm }).limiter.snapshot().algorithm, algorithm);
  }
});

test('bounds that leave the default start outside move it inside', () => {
  assert.equal(limiterWith({ maxLimit: 10 }).limiter.limit, 10);
  assert.equal(limiterWith({ minLimit: 30 }).limiter.limit, 30);
});

test('gathers as many calls as the algorithm needs, or as it is told to', () => {
  const told: LimitSample[] = [];
  const own = (minimumSamples: number | undefined) => (): Limit => ({
    name: 'own',
    minimumSamples,
    onSample: (limit, sample) => {
      told.push(sample);
      return limit;
    },
  });
  for (const [options, needed] of [
    [{ algorithm: own(5) }, 5],
    [{ algorithm: own(undefined) }, 10],
    [{ algorithm: own(5), minimumSamples: 7 }, 7],
  ] as const) {
    const { limiter, clock } = limiterWith(options);
    told.length = 0;
    const permits = Array.from({ length: needed }, () => take(limiter));
    clock.freeze(400);
    permits.pop()?.success();
    clock.freeze(1_000);
    const last = permits.pop();
    for (const permit of permits) permit.success();
    assert.equal(told.length, 0);
    last?.success();
    assert.equal(told.length, 1);
  }
});

for (const [path, options] of [
  ['minLimit', { minLimit: 0 }],
  ['maxLimit', { minLimit: 10, maxLimit: 9 }],
  ['initialLimit', { initialLimit: 300 }],
  ['initialLimit', { initialLimit: 2.5 }],
  ['windowMs', { windowMs: Number.NaN }],
  ['minimumSamples', { minimumSamples: 0 }],
  ['dropRatio', { dropRatio: 0 }],
  ['algorithm', { algorithm: 'toString' as 'vegas' }],
  ['algorithm', { algorithm: (() => ({ name: 'no' })) as unknown as () => Limit }],
  ['algorithm', { algorithm: (() => undefined) as unknown as () => Limit }],
  ['algorithm', { algorithm: () => ({ name: 'no', quantile: 2, onSample: (limit: number) => limit }) }],
  ['places', { places: 3 } as AdaptiveLimiterOptions],
] as const) {
  test(`refuses ${path} of ${JSON.stringify(options)} when it is made`, () => {
    assert.throws(
      () => adaptiveLimiter(options),
      (error) => error instanceof ConfigError && error.path === `adaptiveLimiter.${path}`,
    );
  });
}
