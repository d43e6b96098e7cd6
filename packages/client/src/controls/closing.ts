import type { EventSink, Runtime, Timer } from '@switchgear/policy';
import { milliseconds, readOptions } from '@switchgear/policy/options';
import type { InFlight } from '../call/in-flight.ts';
import { ClientClosedError } from '../errors.ts';
import type { ClientEvent } from '../events.ts';

export interface CloseOptions {
  /**
   * How long calls under way may go on, in milliseconds, 0 or more; those that have not ended by then are cancelled with
   * ClientClosedError. @default 10_000
   */
  readonly graceMs?: number;
}

/** What `close()` takes when it is told nothing: longer than a call may take by default, so that none is cut off. */
export const closeDefaults: Required<CloseOptions> = Object.freeze({ graceMs: 10_000 });

/** What a client holds that has to be let go of. */
export interface Releasable {
  /** Lets what runs end, then lets go. */
  close(): Promise<void>;
  /** Lets go now. */
  destroy(): Promise<void>;
}

/** What is closed, in this order. */
export interface ClosingParts {
  readonly target: string;
  readonly inFlight: InFlight;
  /** Connections. */
  readonly connections: Releasable;
  /** Tokens. A refresh that is on its way may bring one that must not be lost, so it is waited for, by its own timeout. */
  readonly closeCredential: () => Promise<void>;
  readonly runtime: Runtime;
  readonly events: EventSink<ClientEvent>;
}

/** How a client comes to its end: no new calls, a grace for those under way, then none of them; then its connections. */
export class Closing {
  readonly #parts: ClosingParts;
  readonly #graceOver = Promise.withResolvers<void>();
  #done: Promise<void> | undefined;
  #endsAt = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;
  #cut = 0;

  constructor(parts: ClosingParts) {
    this.#parts = parts;
  }

  /**
   * Again changes nothing, but that a grace which ends sooner holds.
   * @throws ConfigError with the path `close.graceMs`.
   */
  close(options: CloseOptions = {}): Promise<void> {
    const { graceMs } = readOptions('close', options, { graceMs: milliseconds('zero-allowed') }, closeDefaults);
    const { clock } = this.#parts.runtime;
    const endsAt = clock.now() + graceMs;
    const sooner = endsAt < this.#endsAt;
    this.#endsAt = Math.min(this.#endsAt, endsAt);
    if (this.#done === undefined) {
      this.#publishClosing(graceMs);
      const drained = this.#parts.inFlight.close();
      this.#done = this.#close(drained).finally(() => {
        this.#timer?.cancel();
        this.#timer = undefined;
        this.#endsAt = Number.NEGATIVE_INFINITY;
        this.#publishClosed();
      });
    }
    if (sooner && this.#endsAt === endsAt) this.#arm(graceMs);
    return this.#done;
  }

  /** It keeps the process alive: somebody waits for the end, and it may be all that there is left to wait for. */
  #arm(graceMs: number): void {
    this.#timer?.cancel();
    if (graceMs === 0) this.#graceOver.resolve();
    else this.#timer = this.#parts.runtime.clock.setTimer(graceMs, () => this.#graceOver.resolve());
  }

  async #close(drained: Promise<void>): Promise<void> {
    const { connections, closeCredential } = this.#parts;
    const over = this.#graceOver.promise;
    await Promise.race([drained, over.then(() => this.#cutOff())]);
    await drained;
    const credential = closeCredential();
    await Promise.race([connections.close(), over.then(() => connections.destroy())]);
    await credential;
  }

  #cutOff(): void {
    const { inFlight, target } = this.#parts;
    this.#cut = inFlight.count;
    inFlight.cancel(new ClientClosedError('the client was closed before the call had ended', { target }));
  }

  #publishClosing(graceMs: number): void {
    const { events, inFlight, runtime, target } = this.#parts;
    if (!events.wants('client.closing')) return;
    events.publish({ type: 'client.closing', at: runtime.clock.now(), target, graceMs, inFlight: inFlight.count });
  }

  #publishClosed(): void {
    const { events, runtime, target } = this.#parts;
    if (!events.wants('client.closed')) return;
    events.publish({ type: 'client.closed', at: runtime.clock.now(), target, cancelled: this.#cut });
  }
}
