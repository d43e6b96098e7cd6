import { attemptTimeout, breaker, bulkhead, pipeline, retry, retryBudget } from '@switchgear/policy';
import {
  ConsecutiveBreaker,
  ConstantBackoff,
  circuitBreaker as cockatielBreaker,
  bulkhead as cockatielBulkhead,
  retry as cockatielRetry,
  timeout as cockatielTimeout,
  handleAll,
  SamplingBreaker,
  TimeoutStrategy,
  wrap,
} from 'cockatiel';
import * as mollitia from 'mollitia';
import CircuitBreaker from 'opossum';
import pRetry from 'p-retry';

/** Work under test: told the signal, when the contender hands one on. */
export type Work = (signal?: AbortSignal) => Promise<unknown>;

/** One way to make a call survive. */
export interface Contender {
  readonly name: string;
  /** Makes a fresh instance around the work. */
  make(work: Work): () => Promise<unknown>;
}

/** A breaker and nothing else, closed. Windows of 10 s, thresholds that the runs never reach unless they mean to. */
export const breakers: readonly Contender[] = [
  { name: 'bare await', make: (work) => async () => work() },
  {
    name: 'switchgear breaker',
    make(work) {
      const policy = breaker();
      const run = () => work();
      return () => policy.execute(run);
    },
  },
  {
    name: 'cockatiel SamplingBreaker',
    make(work) {
      const policy = cockatielBreaker(handleAll, {
        halfOpenAfter: 10_000,
        breaker: new SamplingBreaker({ threshold: 0.9, duration: 10_000, minimumRps: 2 }),
      });
      return () => policy.execute(() => work());
    },
  },
  {
    name: 'opossum',
    make(work) {
      const policy = new CircuitBreaker(() => work(), {
        timeout: false,
        errorThresholdPercentage: 90,
        volumeThreshold: 20,
        resetTimeout: 10_000,
      });
      return () => policy.fire();
    },
  },
  {
    name: 'mollitia SlidingCountBreaker',
    make(work) {
      const modules = [new mollitia.SlidingCountBreaker({ slidingWindowSize: 100, minimumNumberOfCalls: 20 })];
      const policy = new mollitia.Circuit({ func: () => work(), options: { modules } });
      return () => policy.execute();
    },
  },
];

/** Retry, breaker, timeout and bulkhead together: what a service client needs at least. */
export const stacks: readonly Contender[] = [
  { name: 'bare await', make: (work) => async () => work() },
  {
    name: 'switchgear: bulkhead, retry + budget, breaker, attempt timeout',
    make(work) {
      const policy = pipeline(
        bulkhead({ maxConcurrent: 100_000 }),
        retry({ maxRetries: 2, budget: retryBudget() }),
        breaker(),
        attemptTimeout(),
      );
      const run = () => work();
      return () => policy.execute(run);
    },
  },
  {
    name: 'cockatiel: bulkhead, retry, breaker, timeout',
    make(work) {
      const policy = wrap(
        cockatielBulkhead(100_000, 0),
        cockatielRetry(handleAll, { maxAttempts: 2, backoff: new ConstantBackoff(1) }),
        cockatielBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(20) }),
        cockatielTimeout(1_000, TimeoutStrategy.Aggressive),
      );
      return () => policy.execute(({ signal }) => work(signal));
    },
  },
  {
    name: 'p-retry + opossum (its timeout and capacity)',
    make(work) {
      const policy = new CircuitBreaker(() => work(), {
        timeout: 1_000,
        capacity: 100_000,
        errorThresholdPercentage: 90,
        volumeThreshold: 20,
      });
      return () => pRetry(() => policy.fire(), { retries: 2, minTimeout: 1 });
    },
  },
  {
    name: 'mollitia: bulkhead, retry, breaker, timeout',
    make(work) {
      const modules = [
        new mollitia.Bulkhead({ concurrentSize: 100_000, queueSize: 0 }),
        new mollitia.Retry({ attempts: 2, interval: 1 }),
        new mollitia.SlidingCountBreaker({ slidingWindowSize: 100, minimumNumberOfCalls: 20 }),
        new mollitia.Timeout({ delay: 1_000 }),
      ];
      const policy = new mollitia.Circuit({ func: () => work(), options: { modules } });
      return () => policy.execute();
    },
  },
];

/** The same breakers, opened: what a refusal costs. */
export const refusers: readonly Contender[] = [
  {
    name: 'switchgear breaker, open',
    make(work) {
      const policy = breaker({ consecutiveFailures: 1, openMs: 600_000, maxOpenMs: 600_000 });
      const permit = policy.tryAcquire();
      if (permit.admitted) permit.failure();
      const run = () => work();
      return () => policy.execute(run).catch(ignore);
    },
  },
  {
    name: 'cockatiel ConsecutiveBreaker, open',
    make(work) {
      const policy = cockatielBreaker(handleAll, { halfOpenAfter: 600_000, breaker: new ConsecutiveBreaker(1) });
      policy.isolate();
      return () => policy.execute(() => work()).catch(ignore);
    },
  },
  {
    name: 'opossum, open',
    make(work) {
      const policy = new CircuitBreaker(() => work(), { timeout: false, resetTimeout: 600_000 });
      policy.open();
      return () => policy.fire().catch(ignore);
    },
  },
];

function ignore(): undefined {
  return undefined;
}
