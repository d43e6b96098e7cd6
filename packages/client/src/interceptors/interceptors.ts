import type { Call, ErrorFacts, EventSink, Runtime } from '@switchgear/policy';
import { InterceptorError } from '../errors.ts';
import type { ClientEvent } from '../events.ts';
import { EditedHeaders } from './header-editor.ts';
import type {
  AttemptOutcome,
  CallOutcome,
  InterceptedAttempt,
  InterceptedCall,
  Interceptor,
  InterceptorHook,
} from './interceptor.ts';

/** How many interceptors a call or an attempt has gone through on its way out; it goes back through those. */
export interface Entered {
  count: number;
  /** Whether it has gone back already. */
  left: boolean;
}

/** Waits for a promise, but no longer than whoever asks may go on. */
export type Within = (work: Promise<void>) => Promise<void>;

/**
 * The interceptors of a client. Before, they run from the first to the last; after, from the last to the first, those
 * alone whose way out succeeded: each sees what the ones inside it did.
 */
export class Interceptors {
  readonly #list: readonly Interceptor[];
  /** Names that no hook may set. */
  readonly #own: ReadonlySet<string>;
  readonly #events: EventSink<ClientEvent>;
  readonly #runtime: Runtime;

  constructor(
    list: readonly Interceptor[],
    own: ReadonlySet<string>,
    events: EventSink<ClientEvent>,
    runtime: Runtime,
  ) {
    this.#list = list;
    this.#own = own;
    this.#events = events;
    this.#runtime = runtime;
  }

  /** @throws InterceptorError */
  beforeCall(
    call: InterceptedCall,
    headers: readonly string[],
    entered: Entered,
    facts: ErrorFacts,
    within: Within,
  ): Promise<EditedHeaders> {
    return this.#enter('beforeCall', call, headers, entered, facts, within);
  }

  /** @throws InterceptorError */
  beforeAttempt(
    attempt: InterceptedAttempt,
    headers: readonly string[],
    entered: Entered,
    facts: ErrorFacts,
    call: Call,
  ): Promise<EditedHeaders> {
    // Nothing is sent while a hook runs: a timeout here is not the target's.
    call.progress('call', 'never');
    return this.#enter('beforeAttempt', attempt, headers, entered, facts, (work) => untilCancelled(work, call));
  }

  afterAttempt(attempt: InterceptedAttempt, outcome: AttemptOutcome, entered: Entered): void {
    this.#leave('afterAttempt', attempt.call, entered, (interceptor) => interceptor.afterAttempt?.(attempt, outcome));
  }

  afterCall(call: InterceptedCall, outcome: CallOutcome, entered: Entered): void {
    this.#leave('afterCall', call, entered, (interceptor) => interceptor.afterCall?.(call, outcome));
  }

  async #enter<H extends 'beforeCall' | 'beforeAttempt'>(
    hook: H,
    subject: Parameters<NonNullable<Interceptor[H]>>[0],
    headers: readonly string[],
    entered: Entered,
    facts: ErrorFacts,
    within: Within,
  ): Promise<EditedHeaders> {
    const edited = new EditedHeaders(headers, this.#own);
    try {
      for (const interceptor of this.#list) {
        const run = interceptor[hook] as ((of: typeof subject, headers: EditedHeaders) => unknown) | undefined;
        if (run !== undefined) {
          const failed = (cause: unknown): never => {
            throw new InterceptorError(interceptor.name, hook, { ...facts, cause });
          };
          let later: unknown;
          try {
            later = run(subject, edited);
          } catch (error) {
            failed(error);
          }
          if (isObject(later)) await within(Promise.resolve(later).then(nothing, failed));
        }
        entered.count++;
      }
      return edited;
    } finally {
      edited.close();
    }
  }

  #leave(
    hook: InterceptorHook,
    call: InterceptedCall,
    entered: Entered,
    run: (interceptor: Interceptor) => unknown,
  ): void {
    // Once, whoever notices first that it is over.
    if (entered.left) return;
    entered.left = true;
    for (let i = entered.count - 1; i >= 0; i--) {
      const interceptor = this.#list[i] as Interceptor;
      const failed = (error: unknown): void => this.#publishFailed(hook, interceptor.name, call, error);
      try {
        const later = run(interceptor);
        if (isObject(later)) Promise.resolve(later).catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }

  #publishFailed(hook: InterceptorHook, interceptor: string, call: InterceptedCall, error: unknown): void {
    if (!this.#events.wants('interceptor.failed')) return;
    const at = this.#runtime.clock.now();
    const { target, operation } = call;
    this.#events.publish({ type: 'interceptor.failed', at, target, operation, interceptor, hook, error });
  }
}

const nothing = (): void => {};

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Ends with the call's own reason when it is cancelled: what waits then is left to itself, and keeps nothing. */
function untilCancelled(work: Promise<void>, call: Call): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = call.onCancel(reject);
    work.then(
      () => {
        leave();
        resolve();
      },
      (error) => {
        leave();
        reject(error);
      },
    );
  });
}
