import { CallContext, type CallOptions, type Operation } from '../contract/call.ts';
import { type EventSink, sinkOf } from '../contract/events.ts';
import { hush } from '../contract/hush.ts';
import type { Policy } from '../contract/policy.ts';
import { longestTimerMs, type Runtime, systemRuntime } from '../contract/runtime.ts';
import { type ChaosOptions, type ChaosSettings, readChaosOptions } from './options.ts';

/**
 * Makes calls go wrong on purpose: fails them, holds them up, answers in their stead, or does something beside them. Goes
 * innermost, where the real trouble would be, so that everything further out has to cope. Does nothing until `enabled`.
 * @throws ConfigError when an option is wrong or unknown, or there is not exactly one thing to do.
 */
export function chaos<F = never>(options: ChaosOptions<F>, runtime: Runtime = systemRuntime): Policy<F> {
  return new Chaos<F>(readChaosOptions(options), runtime);
}

class Chaos<F> implements Policy<F> {
  readonly name = 'chaos';
  readonly #settings: ChaosSettings<F>;
  readonly #runtime: Runtime;
  readonly #events: EventSink;

  constructor(settings: ChaosSettings<F>, runtime: Runtime) {
    this.#settings = settings;
    this.#runtime = runtime;
    this.#events = sinkOf(runtime);
  }

  execute<T>(operation: Operation<T>, options?: CallOptions): Promise<T | F> {
    const call = CallContext.of(options);
    if (call.cancelled) return Promise.reject(call.reason);
    return this.#strikes(call) ? this.#disturb(operation, call) : runOf(operation, call);
  }

  describe(): string {
    const { kind, enabled, rate } = this.#settings;
    const often =
      typeof rate === 'number' ? `${Number((rate * 100).toPrecision(6))} % of calls` : 'as often as its function says';
    const when = typeof enabled === 'function' ? 'when its function says so' : enabled ? 'on' : 'off';
    return `chaos: ${kind}, ${often}, ${when}`;
  }

  #strikes(call: CallContext): boolean {
    const { enabled, rate } = this.#settings;
    try {
      const on: unknown = typeof enabled === 'function' ? enabled(call) : enabled;
      if (on !== true) {
        hush(on);
        return false;
      }
      const share: unknown = typeof rate === 'function' ? rate(call) : rate;
      if (typeof share === 'number') return this.#runtime.random() < share;
      hush(share);
      return false;
    } catch {
      return false;
    }
  }

  async #disturb<T>(operation: Operation<T>, call: CallContext): Promise<T | F> {
    const { fault, result, behaviour, latencyMs } = this.#settings;
    if (fault !== undefined) {
      const error = attempted(() => fault(call));
      hush(error);
      if (error !== broken && error !== undefined) {
        this.#publishInjected(call);
        throw error;
      }
    } else if (result !== undefined) {
      this.#publishInjected(call);
      const answer = await orBroken(
        eventually(() => result(call)),
        call,
      );
      if (answer !== broken) return answer;
    } else if (behaviour !== undefined) {
      this.#publishInjected(call);
      await orBroken(
        eventually(() => behaviour(call)),
        call,
      );
    } else {
      const ms = typeof latencyMs === 'function' ? attempted(() => latencyMs(call)) : latencyMs;
      if (typeof ms === 'number' && ms > 0) {
        this.#publishInjected(call);
        await this.#wait(Math.min(ms, longestTimerMs), call);
      } else hush(ms);
    }
    if (call.cancelled) throw call.reason;
    return runOf(operation, call);
  }

  /** Ends when the time is over or the call is cancelled. The timer stays ref'd, since a caller is waiting for it. */
  #wait(ms: number, call: CallContext): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#runtime.clock.setTimer(ms, () => {
        leave();
        resolve();
      });
      const leave = call.onCancel(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #publishInjected(call: CallContext): void {
    if (!this.#events.wants('chaos.injected')) return;
    const { target, operation, attempt } = call;
    const at = this.#runtime.clock.now();
    this.#events.publish({ type: 'chaos.injected', at, target, operation, attempt, kind: this.#settings.kind });
  }
}

/** Chaos that is itself broken leaves the call alone. */
const broken: unique symbol = Symbol('broken');

function attempted<R>(make: () => R): R | typeof broken {
  try {
    return make();
  } catch {
    return broken;
  }
}

/** The same of what may take its time. */
async function eventually<R>(make: () => R | Promise<R>): Promise<R | typeof broken> {
  try {
    return await make();
  } catch {
    return broken;
  }
}

/** Waits for what never rejects, and no longer than the call wants to go on. */
function orBroken<R>(work: Promise<R>, call: CallContext): Promise<R | typeof broken> {
  return new Promise((resolve) => {
    const leave = call.onCancel(() => resolve(broken));
    void work.then((value) => {
      leave();
      resolve(value);
    });
  });
}

function runOf<T>(operation: Operation<T>, call: CallContext): Promise<T> {
  try {
    return operation(call);
  } catch (error) {
    return Promise.reject(error);
  }
}
