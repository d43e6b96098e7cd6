import type { Call, Phase, Sent, Unsubscribe } from '@switchgear/policy';
import { DelegatedCall } from '../attempt/delegated-call.ts';
import { TransportFailure } from '../transport/transport.ts';

/** What a transport without connections has in flight, so that closing can wait for it and destroying can end it. */
export class InFlightSends {
  readonly #calls = new Set<EndableCall>();
  #whenEmpty: (() => void)[] = [];

  /** Runs one send, with a call that `destroy` ends too. */
  async run<T>(call: Call, send: (watched: Call) => Promise<T>): Promise<T> {
    const watched = new EndableCall(call);
    this.#calls.add(watched);
    try {
      return await send(watched);
    } finally {
      this.#calls.delete(watched);
      if (this.#calls.size === 0) for (const run of this.#whenEmpty.splice(0)) run();
    }
  }

  close(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve();
    return new Promise((resolve) => void this.#whenEmpty.push(resolve));
  }

  async destroy(): Promise<void> {
    for (const call of this.#calls) call.end();
    await this.close();
  }
}

/** A call, and a second way to end what is done for it. */
class EndableCall extends DelegatedCall {
  readonly #enders = new Set<(reason: unknown) => void>();
  #sent: Sent = 'never';

  override onCancel(run: (reason: unknown) => void): Unsubscribe {
    this.#enders.add(run);
    const leave = super.onCancel(run);
    return () => {
      this.#enders.delete(run);
      leave();
    };
  }

  override progress(phase: Phase, sent: Sent): void {
    this.#sent = sent;
    super.progress(phase, sent);
  }

  /** Fails as a transport does whose connections are closed under it. */
  end(): void {
    const reached = this.#sent === 'never' ? 'nothing' : this.#sent === 'maybe' ? 'request' : 'response';
    const cause = Object.assign(new Error('destroyed'), { code: 'ECONNABORTED' });
    for (const run of [...this.#enders]) run(new TransportFailure(reached, cause));
  }
}
