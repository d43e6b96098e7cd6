import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  adaptiveLimiter,
  attemptTimeout,
  type Budget,
  breaker,
  bulkhead,
  type CacheStore,
  cache,
  chaos,
  coalesce,
  deadline,
  fallback,
  hedge,
  type Policy,
  pipeline,
  RefusedError,
  type Runtime,
  rateLimiter,
  registry,
  retry,
  standard,
  throttle,
} from '../src/index.ts';
import { EventLog, ManualClock, settle } from '../src/testing/index.ts';

/*
 * Every function that a caller may hand to a policy, broken in every way that a function can be. The call that meets it
 * ends as it would have, in good time; nothing is sent in a tight loop, and nothing is rejected that nobody hears of.
 */

const throws = 'throws';
const bites = 'answers what bites';
const rejects = 'answers a promise that rejects';

const ways: Record<string, () => unknown> = {
  [throws]: () => {
    throw new Error('broken');
  },
  'answers NaN': () => Number.NaN,
  'answers -1': () => -1,
  'answers Infinity': () => Number.POSITIVE_INFINITY,
  'answers undefined': () => undefined,
  [rejects]: () => Promise.reject(new Error('broken')),
  'answers a promise that never settles': () => new Promise(() => {}),
  [bites]: () =>
    new Proxy(
      {},
      {
        get: () => {
          throw new Error('broken');
        },
      },
    ),
};

interface Tried {
  /** The folder of its options, and which of them it is. */
  readonly option: string;
  readonly make: (broken: never, runtime: Runtime) => Policy<unknown>;
  /** Whether what it answers, or throws, is the outcome of the call, or the call waits for it. */
  readonly answers?: boolean;
}

const key = (): string => 'k';
const eager = { maxRetries: 2, baseMs: 5, maxMs: 20 };

function brokenBudget(broken: never): Budget {
  return {
    deposit: broken,
    tryWithdraw: broken,
    giveBack: broken,
    succeeded: broken,
    failed: broken,
    describe: broken,
  };
}

function brokenStore(broken: never): CacheStore {
  return { get: broken, set: broken, delete: broken, clear: broken, size: 0 };
}

const tried: readonly Tried[] = [
  { option: 'retry.backoff', make: (backoff, runtime) => retry({ ...eager, backoff }, runtime) },
  { option: 'retry.classify', make: (classify, runtime) => retry({ ...eager, classify }, runtime) },
  { option: 'retry.retryWhen', make: (retryWhen, runtime) => retry({ ...eager, retryWhen }, runtime) },
  { option: 'retry.onRetry', make: (onRetry, runtime) => retry({ ...eager, onRetry }, runtime) },
  {
    option: 'retry.dispose',
    make: (dispose, runtime) => retry({ ...eager, dispose, retryWhen: ({ ok }) => ok }, runtime),
  },
  { option: 'retry.budget', make: (broken, runtime) => retry({ ...eager, budget: brokenBudget(broken) }, runtime) },
  { option: 'breaker.classify', make: (classify, runtime) => breaker({ classify }, runtime) },
  { option: 'breaker.openMs', make: (openMs, runtime) => breaker({ consecutiveFailures: 1, openMs }, runtime) },
  { option: 'bulkhead.classify', make: (classify, runtime) => bulkhead({ classify }, runtime) },
  { option: 'bulkhead.priority', make: (priority, runtime) => bulkhead({ maxConcurrent: 1, priority }, runtime) },
  { option: 'limiter.weight', make: (weight, runtime) => rateLimiter({ limit: 100, burst: 3, weight }, runtime) },
  {
    option: 'limiter.classify',
    make: (classify, runtime) => rateLimiter({ limit: 100, drainWhenThrottled: true, classify }, runtime),
  },
  { option: 'throttle.classify', make: (classify, runtime) => throttle({ classify }, runtime) },
  { option: 'adaptive.classify', make: (classify, runtime) => adaptiveLimiter({ classify }, runtime) },
  {
    option: 'adaptive.algorithm',
    make: (onSample, runtime) =>
      adaptiveLimiter(
        { algorithm: () => ({ name: 'broken', onSample }), minimumSamples: 1, windowMs: 1, initialLimit: 5 },
        runtime,
      ),
  },
  { option: 'hedge.action', make: (action, runtime) => hedge({ delayMs: 2, action }, runtime), answers: true },
  { option: 'hedge.classify', make: (classify, runtime) => hedge({ delayMs: 2, classify }, runtime) },
  { option: 'hedge.dispose', make: (dispose, runtime) => hedge({ delayMs: 0, maxHedges: 2, dispose }, runtime) },
  { option: 'hedge.budget', make: (broken, runtime) => hedge({ delayMs: 2, budget: brokenBudget(broken) }, runtime) },
  { option: 'fallback.answer', make: (answer: () => unknown, runtime) => fallback(answer, {}, runtime), answers: true },
  { option: 'fallback.when', make: (when, runtime) => fallback('instead', { when }, runtime) },
  { option: 'coalesce.key', make: (broken, runtime) => coalesce({ key: broken }, runtime) },
  { option: 'coalesce.clone', make: (clone, runtime) => coalesce({ key, clone }, runtime), answers: true },
  { option: 'cache.key', make: (broken, runtime) => cache({ key: broken, freshMs: 10 }, runtime) },
  {
    option: 'cache.negative',
    make: (negative, runtime) => cache({ key, freshMs: 1, negativeMs: 10, negative }, runtime),
  },
  {
    option: 'cache.sizeOf',
    make: (sizeOf, runtime) => cache({ key, freshMs: 10, maxBytes: 100, sizeOf }, runtime),
  },
  { option: 'cache.clone', make: (clone, runtime) => cache({ key, freshMs: 10, clone }, runtime), answers: true },
  {
    option: 'cache.store',
    make: (broken, runtime) => cache({ key, freshMs: 10, store: brokenStore(broken) }, runtime),
  },
  { option: 'chaos.enabled', make: (enabled, runtime) => chaos({ enabled, rate: 1, latencyMs: 5 }, runtime) },
  { option: 'chaos.rate', make: (rate, runtime) => chaos({ enabled: true, rate, latencyMs: 5 }, runtime) },
  { option: 'chaos.fault', make: (fault, runtime) => chaos({ enabled: true, rate: 1, fault }, runtime), answers: true },
  {
    option: 'chaos.latencyMs',
    make: (latencyMs, runtime) => chaos({ enabled: true, rate: 1, latencyMs }, runtime),
    answers: true,
  },
  {
    option: 'chaos.result',
    make: (result, runtime) => chaos({ enabled: true, rate: 1, result }, runtime),
    answers: true,
  },
  {
    option: 'chaos.behaviour',
    make: (behaviour, runtime) => chaos({ enabled: true, rate: 1, behaviour }, runtime),
    answers: true,
  },
  { option: 'pipeline.classify', make: (classify, runtime) => standard({ classify }, runtime) },
  { option: 'registry.by', make: (keyOf, runtime) => registry(() => bulkhead({}, runtime), {}, runtime).by(keyOf) },
];

for (const { option, make, answers = false } of tried) {
  for (const [how, broken] of Object.entries(ways)) {
    test(`${option} that ${how} breaks no call`, () => survives((runtime) => make(broken as never, runtime), answers));
  }
}

for (const [how, broken] of Object.entries(ways)) {
  const everything = (runtime: Runtime): Policy<unknown> =>
    pipeline(
      deadline({ deadlineMs: 500 }, runtime),
      fallback('instead', { when: () => false }, runtime),
      cache({ key, freshMs: 3 }, runtime),
      coalesce({ key }, runtime),
      rateLimiter({ limit: 1_000, maxWaitMs: 50 }, runtime),
      bulkhead({ maxConcurrent: 2 }, runtime),
      retry(eager, runtime),
      hedge({ delayMs: 2 }, runtime),
      throttle({ minimumCalls: 1 }, runtime),
      breaker({ consecutiveFailures: 1, openMs: 5, maxOpenMs: 5 }, runtime),
      attemptTimeout({ attemptTimeoutMs: 20 }, runtime),
    );
  test(`a listener that ${how} breaks no call`, async () => {
    const publish = broken as () => void;
    await survives(({ clock, random }) => everything({ clock, random, events: { wants: () => true, publish } }));
    await survives(({ clock, random }) => everything({ clock, random, events: { wants: publish as never, publish } }));
  });
  // It is asked for a number in the midst of everything, as `Math.random` is, and nobody is ready for more than nonsense.
  if (how === throws || how === bites || how === rejects) continue;
  test(`chance that ${how} breaks no call`, async () => {
    await survives(({ clock }) => everything({ clock, random: broken as () => number }));
  });
}

test('every option that takes a function is among those that are tried', () => {
  const source = join(import.meta.dirname, '..', 'src');
  const functions =
    /^ {2}readonly (\w+)\??: (?:.*=>|.*\b(?:Classify|HedgeAction|Copy|Weight|CustomBackoff|LimitFactory|Budget|CacheStore)\b)/gm;
  const options = readdirSync(source, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['contract', 'stats', 'testing'].includes(entry.name))
    .flatMap(({ name: folder }) =>
      readdirSync(join(source, folder))
        .filter((file) => /^(?:options|standard|registry)\.ts$/.test(file))
        .flatMap((file) => {
          const text = readFileSync(join(source, folder, file), 'utf8');
          const interfaces = text.match(/^export interface \w+Options(?:<.*>)? \{\n[\s\S]*?^\}/gm) ?? [];
          return interfaces.flatMap((body) => [...body.matchAll(functions)].map(([, name]) => `${folder}.${name}`));
        }),
    );
  const missing = options.filter((option) => !tried.some((one) => one.option === option));
  assert.deepEqual(missing, []);
  assert.ok(options.length > 20, `found ${options.length}`);
});

/** Runs calls that end well and badly, alone and together, through a policy that is broken somewhere. */
async function survives(make: (runtime: Runtime) => Policy<unknown>, answers = false): Promise<void> {
  const clock = new ManualClock();
  const runtime = { clock, random: () => 0.5, events: new EventLog() };
  const broken = make(runtime);
  // An answer that never comes, and a wait without end that was asked for, are for a deadline around them to end.
  const policy = answers ? pipeline(deadline({ deadlineMs: 300 }, runtime), broken) : broken;
  assert.equal(typeof policy.describe(), 'string');
  let sends = 0;
  const endings: string[] = [];
  const call = (ms: number, end: 'value' | 'down'): void => {
    const operation = async (): Promise<object> => {
      sends++;
      if (ms > 0) await clock.sleep(ms);
      if (end === 'down') throw new Error('down');
      return { a: 'value' };
    };
    policy.execute(operation, { key: 'k' }).then(
      (value) => {
        const own = JSON.stringify(value) === '{"a":"value"}' || value === 'instead';
        endings.push(own || answers ? 'answered' : `answered with ${String(value)}`);
      },
      (error: unknown) => {
        const own = error instanceof RefusedError || (error instanceof Error && error.message === 'down');
        endings.push(own || answers ? 'failed' : `failed with ${String(error)}`);
      },
    );
  };
  const calls = [
    [0, 'value'],
    [0, 'down'],
    [4, 'down'],
    [4, 'value'],
  ] as const;
  // Each of them is first once: where equal calls are one, the first is the one that is made.
  for (const first of calls.keys()) {
    for (const [ms, end] of [...calls.slice(first), ...calls.slice(0, first)]) call(ms, end);
    await clock.advance(50);
  }
  await clock.advance(5_000);
  await settle();
  const odd = endings.filter((ending) => ending !== 'answered' && ending !== 'failed');
  assert.deepEqual(odd, []);
  const most = calls.length ** 2;
  assert.equal(endings.length, most, 'a call that does not end');
  assert.ok(sends <= most * 6, `${sends} sends of ${most} calls`);
}
