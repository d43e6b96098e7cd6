import { ConfigError } from './errors.ts';
import { anyText, type Checks, callable, milliseconds, number, readOptions, required, text, whole } from './options.ts';
import type {
  CircuitOpening,
  LeaseAsk,
  OutcomeReport,
  RetryDraw,
  SharedBudget,
  SharedRate,
  TokenAsk,
  UnusedTokens,
} from './state-store.ts';

/*
 * What every store checks before it decides, so that a mistake is the same error in a test with a store in memory and in
 * production with one on a server. Where a script does sums with what it is given, a NaN would stay for good.
 */

const op = required(text);
const many = required(whole(0));
/** The smallest part of a token that can be told from nothing after a sum of a few thousand. */
const tokens = required(number(1e-6, 1e9));

const rateChecks: Checks<SharedRate> = { limit: tokens, intervalMs: required(milliseconds()), burst: tokens };
const askChecks: Checks<TokenAsk> = { op, tokens, atLeast: number(1e-6, 1e9) };
const unusedChecks: Checks<UnusedTokens> = { op, tokens };
const budgetChecks: Checks<SharedBudget> = {
  ratio: required(number(0, 1)),
  minPerSecond: required(number(0, 1_000_000)),
  windowMs: required(milliseconds()),
};
const drawChecks: Checks<RetryDraw> = { op, calls: many, retries: many, unused: many };
const reportChecks: Checks<OutcomeReport> = {
  op,
  windowMs: required(milliseconds()),
  calls: many,
  failures: many,
  slow: many,
  slowFailures: many,
};
const openingChecks: Checks<CircuitOpening> = {
  op,
  openMs: required(milliseconds()),
  probeMs: required(milliseconds('zero-allowed')),
};
const leaseChecks: Checks<LeaseAsk> = { owner: required(text), ttlMs: required(milliseconds()) };
const epochCheck = whole(0);
const hintCheck = callable<() => void>();

/** @throws ConfigError if it is no string. */
export function readKey(key: string): string {
  if (!anyText.ok(key)) throw new ConfigError('stateStore.key', anyText.expected, key);
  return key;
}

/** @throws ConfigError with a path such as `stateStore.rate.limit`. */
export function readRate(rate: SharedRate): SharedRate {
  return readOptions('stateStore.rate', rate, rateChecks, {});
}

/** @throws ConfigError with a path such as `stateStore.ask.atLeast`, also if the rate could never grant it. */
export function readTokenAsk(ask: TokenAsk, rate: SharedRate): Required<TokenAsk> {
  const read = readOptions('stateStore.ask', ask, askChecks, {});
  const atLeast = read.atLeast ?? read.tokens;
  const most = Math.min(read.tokens, rate.burst);
  if (atLeast > most) {
    const name = read.atLeast === undefined ? 'tokens' : 'atLeast';
    throw new ConfigError(`stateStore.ask.${name}`, `at most ${most}: no wait would bring more`, atLeast);
  }
  return { op: read.op, tokens: read.tokens, atLeast };
}

/** @throws ConfigError with a path such as `stateStore.unused.op`. */
export function readUnusedTokens(unused: UnusedTokens): UnusedTokens {
  return readOptions('stateStore.unused', unused, unusedChecks, {});
}

/** @throws ConfigError with a path such as `stateStore.budget.ratio`. */
export function readBudget(budget: SharedBudget): SharedBudget {
  return readOptions('stateStore.budget', budget, budgetChecks, {});
}

/** @throws ConfigError with a path such as `stateStore.draw.calls`. */
export function readRetryDraw(draw: RetryDraw): RetryDraw {
  return readOptions('stateStore.draw', draw, drawChecks, {});
}

/** @throws ConfigError with a path such as `stateStore.report.windowMs`. */
export function readOutcomeReport(report: OutcomeReport): OutcomeReport {
  // A delta may hold a failure without its call: that of a call that was counted while it ran, and has failed since.
  return readOptions('stateStore.report', report, reportChecks, {});
}

/** @throws ConfigError with a path such as `stateStore.opening.openMs`. */
export function readCircuitOpening(opening: CircuitOpening): CircuitOpening {
  return readOptions('stateStore.opening', opening, openingChecks, {});
}

/** @throws ConfigError if it is no epoch. */
export function readEpoch(epoch: number): number {
  if (!epochCheck.ok(epoch)) throw new ConfigError('stateStore.epoch', epochCheck.expected, epoch);
  return epoch;
}

/** @throws ConfigError if it is no function. */
export function readHint(hint: () => void): () => void {
  if (!hintCheck.ok(hint)) throw new ConfigError('stateStore.hint', hintCheck.expected, hint);
  return hint;
}

/** @throws ConfigError with a path such as `stateStore.lease.ttlMs`. */
export function readLeaseAsk(ask: LeaseAsk): LeaseAsk {
  return readOptions('stateStore.lease', ask, leaseChecks, {});
}

/** @throws ConfigError if it is no name. */
export function readOwner(owner: string): string {
  if (!text.ok(owner)) throw new ConfigError('stateStore.owner', text.expected, owner);
  return owner;
}
