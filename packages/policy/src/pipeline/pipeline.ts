import { CallContext, type CallOptions, type Operation } from '../contract/call.ts';
import { type Gate, throughGates } from '../contract/gate.ts';
import type { FallbackOf, Policy } from '../contract/policy.ts';
import { orderMistakes } from './order.ts';

type Stage = Operation<unknown>;

/** The innermost stage: the caller's own work. What it throws at once rejects, like all else it may fail with. */
const work: Stage = (call) => {
  try {
    return ((call as CallContext).work as Stage)(call);
  } catch (error) {
    return Promise.reject(error);
  }
};

/** Several policies as one, outermost first. */
export class Pipeline<F> implements Policy<F> {
  declare readonly '~answers'?: () => F;
  readonly name = 'pipeline';
  /** The policies in order, those of pipelines inside this one in their place. */
  readonly policies: readonly Policy<unknown>[];
  readonly #first: Stage;

  constructor(policies: readonly Policy<unknown>[]) {
    this.policies = policies.flatMap((policy) => (policy instanceof Pipeline ? policy.policies : [policy]));
    this.#first = link(this.policies);
  }

  execute<T>(operation: Operation<T>, options?: CallOptions): Promise<T | F> {
    // A root of its own even under another policy's call: `work` is this pipeline's, not the outer one's.
    const outer = CallContext.of(options);
    const call = outer === options ? outer.around(operation) : outer;
    call.work = operation;
    return this.#first(call) as Promise<T | F>;
  }

  /** The order and the settings, a line each, outermost first; then what is wrong with the order, if anything is. */
  describe(): string {
    const lines = this.policies.map((policy, i) => `${i + 1}. ${policy.describe()}`);
    return [...lines, ...this.mistakes().map((mistake) => `! ${mistake}`)].join('\n');
  }

  /** What is wrong with the order, a sentence each. Nothing is refused: who knows better may do it. */
  mistakes(): readonly string[] {
    return orderMistakes(this.policies);
  }
}

/**
 * Composes policies, outermost first. The chain is linked here, once: a call walks functions that already exist.
 * Neighbouring gates (breaker, bulkhead) are entered and left around one `await`.
 */
export function pipeline<const P extends readonly Policy<unknown>[]>(...policies: P): Pipeline<FallbackOf<P[number]>> {
  return new Pipeline(policies);
}

function link(policies: readonly Policy<unknown>[]): Stage {
  let next = work;
  for (let i = policies.length - 1; i >= 0; i--) {
    const policy = policies[i] as Policy<unknown>;
    const inner = next;
    if (isGate(policy)) {
      const gates = [policy];
      while (i > 0 && isGate(policies[i - 1])) gates.unshift(policies[--i] as Gate);
      next = (call) => throughGates(gates, inner, call as CallContext);
    } else {
      next = (call) => policy.execute(inner, call);
    }
  }
  return next;
}

function isGate(policy: Policy<unknown> | undefined): policy is Gate {
  return policy !== undefined && 'tryAcquire' in policy;
}
