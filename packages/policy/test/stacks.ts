import fc from 'fast-check';
import type { Policy } from '../src/contract/policy.ts';
import type { Runtime } from '../src/contract/runtime.ts';
import {
  adaptiveLimiter,
  attemptTimeout,
  type Budget,
  breaker,
  bulkhead,
  type Call,
  type CallOptions,
  cache,
  chaos,
  coalesce,
  deadline,
  fallback,
  hedge,
  type Operation,
  rateLimiter,
  registry,
  retry,
  retryBudget,
  throttle,
} from '../src/index.ts';
import { EventLog } from '../src/testing/index.ts';

/*
 * Policies drawn by chance, in any order, each with a log of its own: what one of them says is compared with what went
 * in above it and came out beneath it.
 */

export type Kind = keyof typeof makers;

/** One policy of a stack: which, and with which of the settings below. */
export interface Recipe {
  readonly kind: Kind;
  readonly variant: number;
}

/** What a policy of a stack can use. */
interface World {
  readonly runtime: Runtime;
  /** The one that every retry and hedge of a stack draws on. */
  readonly budget: Budget;
  /** Hears of every fallback that is asked for an answer. */
  readonly answering: (call: Call) => void;
}

/** A policy, what it says, and what it holds on to: nothing, once everything has ended. */
export interface Made {
  readonly kind: Kind;
  readonly policy: Policy<unknown>;
  readonly log: EventLog;
  /** Places, turns, waiters and loads that somebody has now. */
  readonly held: () => number;
  /** How many may work beneath it at once, where it sees to that. */
  readonly most?: number;
  /** How long a call may take under it, in milliseconds, where it sees to that. */
  readonly deadlineMs?: number;
}

type Maker = (world: World, variant: number) => Omit<Made, 'kind' | 'log'>;

/** Settings small enough for their bounds to be met within a few calls. */
const makers = {
  retry: ({ runtime, budget }, variant) => {
    const ways = [
      { maxRetries: 1, baseMs: 10, maxMs: 20 },
      { maxRetries: 2, baseMs: 10, maxMs: 20, budget },
      { maxRetries: 3, baseMs: 5, maxMs: 5, jitter: 'none' as const },
      { maxRetries: 2, backoff: 'decorrelated' as const, baseMs: 5, maxMs: 30, maxElapsedMs: 60 },
      { maxRetries: 0 },
    ];
    return { policy: retry({ throttledBaseMs: 10, ...pick(ways, variant) }, runtime), held: nothingHeld };
  },
  breaker: ({ runtime }, variant) => {
    const ways = [
      { consecutiveFailures: 2, rampMs: 0 },
      { consecutiveFailures: 1, probes: 1, rampMs: 20 },
      { minimumCalls: 2, failureRatio: 0.5, consecutiveFailures: 0, slowMs: 30, slowRatio: 0.5 },
    ];
    const own = { windowMs: 200, openMs: 20, maxOpenMs: 40, probes: 2, probeLeaseMs: 400, ...pick(ways, variant) };
    const policy = breaker(own, runtime);
    return { policy, held: () => policy.snapshot().probesRunning };
  },
  attemptTimeout: ({ runtime }, variant) => ({
    policy: attemptTimeout({ attemptTimeoutMs: pick([15, 40, 1_000], variant) }, runtime),
    held: nothingHeld,
  }),
  deadline: ({ runtime }, variant) => {
    const deadlineMs = pick([30, 100, Number.POSITIVE_INFINITY], variant);
    return { policy: deadline({ deadlineMs }, runtime), held: nothingHeld, deadlineMs };
  },
  bulkhead: ({ runtime }, variant) => {
    const ways = [
      { maxConcurrent: 1, maxQueue: 2, queueTimeoutMs: 60 },
      { maxConcurrent: 2, maxQueue: 0 },
      { maxConcurrent: 2, maxQueue: 4, queueTimeoutMs: 20 },
    ];
    const own = pick(ways, variant);
    const policy = bulkhead(own, runtime);
    const held = (): number => {
      const { active, queued, orphaned } = policy.snapshot();
      return active + queued + orphaned;
    };
    return { policy, held, most: own.maxConcurrent };
  },
  rateLimiter: ({ runtime }, variant) => {
    const ways = [
      { burst: 1, maxWaitMs: 50 },
      { burst: 3, maxWaitMs: 0, algorithm: 'gcra' as const },
      { burst: 2, maxWaitMs: 50, maxQueue: 2, pacing: 'smooth' as const },
    ];
    const policy = rateLimiter({ limit: 125, ...pick(ways, variant) }, runtime);
    return { policy, held: () => policy.snapshot().queued };
  },
  adaptiveLimiter: ({ runtime }, variant) => {
    const algorithm = pick(['vegas', 'aimd', 'gradient2'] as const, variant);
    const policy = adaptiveLimiter(
      { algorithm, initialLimit: 2, minLimit: 2, maxLimit: 4, minimumSamples: 2, windowMs: 10 },
      runtime,
    );
    return { policy, held: () => policy.snapshot().active, most: 4 };
  },
  throttle: ({ runtime }, variant) => {
    const own = pick([{ failureRatio: 0.2, minimumCalls: 1 }, { minimumCalls: 3 }], variant);
    return { policy: throttle({ windowMs: 200, ...own }, runtime), held: nothingHeld };
  },
  hedge: ({ runtime, budget }, variant) => {
    const ways = [
      { delayMs: 0, maxHedges: 1 },
      { delayMs: 10, maxHedges: 2, budget },
      { delayMs: 'on-failure' as const, maxHedges: 1 },
      { minimumSamples: 2, quantile: 0.5, warmUpDelayMs: 5 },
    ];
    return { policy: hedge(pick(ways, variant), runtime), held: nothingHeld };
  },
  fallback: ({ runtime, answering }, variant) => {
    const ways = [
      () => 'answered instead',
      async () => 'answered instead',
      () => {
        throw new Error('no answer either');
      },
    ];
    const answer = pick(ways, variant);
    const asked = (_error: unknown, call: Call): unknown => {
      answering(call);
      return answer();
    };
    return { policy: fallback(asked, variant > 5 ? { when: () => true } : {}, runtime), held: nothingHeld };
  },
  coalesce: ({ runtime }) => {
    const policy = coalesce({ key: (call) => call.key }, runtime);
    const held = (): number => policy.snapshot().keys + policy.snapshot().waiting;
    return { policy, held };
  },
  cache: ({ runtime }, variant) => {
    const ways = [{ freshMs: 20 }, { freshMs: 10, staleMs: 40 }, { freshMs: 5, staleIfErrorMs: 100, negativeMs: 20 }];
    const policy = cache({ key: (call) => call.key, ...pick(ways, variant) }, runtime);
    return { policy, held: () => policy.snapshot().loading };
  },
  chaos: ({ runtime }, variant) => {
    const ways = [
      { fault: () => new Error('made to fail') },
      { latencyMs: 25 },
      { result: () => 'made up' },
      { behaviour: () => {} },
    ];
    return { policy: chaos({ enabled: true, rate: 0.3, ...pick(ways, variant) }, runtime), held: nothingHeld };
  },
  registry: ({ runtime }, variant) => {
    const made: ReturnType<typeof bulkhead>[] = [];
    const policies = registry(
      () => {
        const policy = bulkhead({ maxConcurrent: 1, maxQueue: variant % 3, queueTimeoutMs: 30 }, runtime);
        made.push(policy);
        return policy;
      },
      { maxKeys: 1 },
      runtime,
    );
    const held = (): number =>
      made.reduce((sum, policy) => sum + policy.snapshot().active + policy.snapshot().queued, 0);
    return { policy: policies.by((call) => call.key), held };
  },
} satisfies Record<string, Maker>;

export const kinds: readonly Kind[] = Object.keys(makers) as Kind[];

/** Any policies, in any order, one kind perhaps more than once. */
export const anyStack: fc.Arbitrary<readonly Recipe[]> = fc.array(
  fc.record({ kind: fc.constantFrom(...kinds), variant: fc.nat({ max: 11 }) }),
  { minLength: 1, maxLength: 6 },
);

/** Makes the policies of a stack, outermost first. */
export function makeStack(
  recipes: readonly Recipe[],
  { clock, random }: Runtime,
  answering: (call: Call) => void,
): Made[] {
  const budget = retryBudget({ ratio: 0.5, minPerSecond: 2 }, { clock, random });
  return recipes.map(({ kind, variant }) => {
    const log = new EventLog();
    const maker: Maker = makers[kind];
    return { kind, log, ...maker({ runtime: { clock, random, events: log }, budget, answering }, variant) };
  });
}

/** What passes a seam between two policies: calls inwards, and how they come back. */
export class Seam implements Policy {
  readonly name = 'seam';
  entered = 0;
  answered = 0;
  readonly errors: unknown[] = [];

  execute<T>(operation: Operation<T>, call?: CallOptions): Promise<T> {
    this.entered++;
    return this.watch(operation(call as Call));
  }

  async watch<T>(under: Promise<T>): Promise<T> {
    try {
      const value = await under;
      this.answered++;
      return value;
    } catch (error) {
      this.errors.push(error);
      throw error;
    }
  }

  /** Calls that have gone in and not come back. */
  get open(): number {
    return this.entered - this.answered - this.errors.length;
  }

  describe(): string {
    return 'seam';
  }
}

function pick<T>(ways: readonly T[], variant: number): T {
  return ways[variant % ways.length] as T;
}

function nothingHeld(): number {
  return 0;
}
