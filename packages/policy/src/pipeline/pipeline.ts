import { CallContext, type CallOptions, type Operation } from '../contract/call.ts';
import { ConfigError } from '../contract/errors.ts';
import type { Gate } from '../contract/gate.ts';
import { type Enclosing, type Passage, passageOf, through } from '../contract/passage.ts';
import type { FallbackOf, Policy } from '../contract/policy.ts';
import { orderMistakes } from './order.ts';

type Stage = Operation<unknown>;

/** The innermost stage: the caller's own work. What it throws at once rejects, like all else it may fail with. */
const work: Stage = (call) => {
  try {
    const { work: own } = call as CallContext;
    // Of another copy of the library, or made by hand: what this pipeline was to run is not on it.
    if (own === undefined) throw new ConfigError('pipeline', 'policies that hand on the call they are given', call);
    return own(call);
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
  for (let i = policies.length; i > 0; ) {
    const beneath = gatesAbove(policies, i);
    i -= beneath.length;
    const driver = policies[i - 1];
    if (driver === undefined) return guarded(beneath, next);
    i--;
    if (isEnclosing(driver)) {
      const above = gatesAbove(policies, i);
      i -= above.length;
      next = enclosed(driver, passageOver(above), passageOver(beneath), next);
    } else {
      const inner = guarded(beneath, next);
      next = (call) => driver.execute(inner, call);
    }
  }
  return next;
}

/** The neighbouring gates that end before a place. */
function gatesAbove(policies: readonly Policy<unknown>[], end: number): readonly Gate[] {
  let start = end;
  while (start > 0 && isGate(policies[start - 1])) start--;
  return policies.slice(start, end) as readonly Policy<unknown>[] as readonly Gate[];
}

function passageOver(gates: readonly Gate[]): Passage | undefined {
  return gates.length === 0 ? undefined : passageOf(gates);
}

function guarded(gates: readonly Gate[], next: Stage): Stage {
  const passage = passageOver(gates);
  return passage === undefined ? next : (call) => through(passage, next, call as CallContext);
}

function enclosed(driver: Enclosing, above: Passage | undefined, beneath: Passage | undefined, next: Stage): Stage {
  return (call) => driver.executeBetween(above, beneath, next, call as CallContext);
}

function isGate(policy: Policy<unknown> | undefined): policy is Gate {
  return policy !== undefined && 'tryAcquire' in policy;
}

function isEnclosing(policy: Policy<unknown>): policy is Policy<unknown> & Enclosing {
  return 'executeBetween' in policy;
}
