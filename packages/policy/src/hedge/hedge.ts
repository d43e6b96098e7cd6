import { GuardedBudget } from '../contract/budget.ts';
import { CallContext, type CallOptions, type Operation } from '../contract/call.ts';
import { DeadlineExceededError, withoutStack } from '../contract/errors.ts';
import { sinkOf } from '../contract/events.ts';
import { judge } from '../contract/gate.ts';
import type { Policy } from '../contract/policy.ts';
import { type Runtime, systemRuntime } from '../contract/runtime.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { type HedgeOptions, readHedgeOptions } from './options.ts';
import { paceOf } from './pace.ts';
import { type RaceRules, race } from './race.ts';

/**
 * Sends a call once more when it takes long, and takes the first answer: the slowest calls become about as fast as the
 * others. Only for calls that may be done twice; all others pass. Goes above the breaker, so that every copy is judged
 * and counted by itself, and beneath the retry.
 * @throws ConfigError with a path such as `hedge.maxHedges`.
 */
export function hedge<F = never>(options: HedgeOptions<F> = {}, runtime: Runtime = systemRuntime): Policy<F> {
  return new Hedge<F>(options, runtime);
}

class Hedge<F> implements Policy<F> {
  readonly name = 'hedge';
  readonly #rules: RaceRules;

  constructor(options: HedgeOptions<F>, runtime: Runtime) {
    const settings = readHedgeOptions(options);
    const { clock } = runtime;
    this.#rules = {
      settings,
      budget: settings.budget === undefined ? undefined : new GuardedBudget(settings.budget),
      pace: paceOf(settings, clock.now()),
      clock,
      wheel: wheelOf(clock),
      events: sinkOf(runtime),
    };
  }

  execute<T>(operation: Operation<T>, options?: CallOptions): Promise<T | F> {
    const { settings, budget, clock } = this.#rules;
    const call = CallContext.of(options);
    if (call.cancelled) return Promise.reject(call.reason);
    const now = clock.now();
    if (now >= call.deadline) return Promise.reject(deadlinePassed(call));
    // Beneath a retry, it is that which tells the budget of the call: both would count it twice.
    const deposits = budget !== undefined && call.attempts === 0;
    if (deposits) budget.deposit();
    if (call.idempotent && settings.maxHedges > 0) return race(operation, call, this.#rules, now, deposits);
    return deposits ? this.#once(operation, call, budget) : passOn(operation, call);
  }

  describe(): string {
    const { settings, budget, pace } = this.#rules;
    const { maxHedges, action } = settings;
    const where = action === undefined ? '' : ' elsewhere';
    const paid = budget === undefined ? 'no budget' : `budget ${budget.describe()}`;
    return `hedge: at most ${maxHedges}${where}, ${pace.describe()}, ${paid}`;
  }

  /** A call that is not to be done twice, of which the budget is to hear all the same. */
  async #once<T>(operation: Operation<T>, call: CallContext, budget: GuardedBudget): Promise<T> {
    const { classify } = this.#rules.settings;
    let value: T;
    try {
      value = await operation(call);
    } catch (error) {
      const verdict = judge(classify, { ok: false, error }, call);
      if (verdict.kind === 'failure' || verdict.kind === 'throttled') budget.failed(verdict);
      throw error;
    }
    const verdict = judge(classify, { ok: true, value }, call);
    if (verdict.kind === 'success') budget.succeeded();
    else if (verdict.kind === 'failure' || verdict.kind === 'throttled') budget.failed(verdict);
    return value;
  }
}

/** Work that throws at once is work that fails. */
function passOn<T>(operation: Operation<T>, call: CallContext): Promise<T> {
  try {
    return operation(call);
  } catch (error) {
    return Promise.reject(error);
  }
}

function deadlinePassed(call: CallContext): DeadlineExceededError {
  const { target, operation, attempts, sent } = call;
  return withoutStack(
    () =>
      new DeadlineExceededError('the deadline had passed before the first copy', {
        target,
        operation,
        attempts,
        sent,
        phase: 'call',
      }),
  );
}
