import { moreDoubtful, type Phase, type Sent } from '@switchgear/policy';
import { PhaseClock } from '../timing/phase-clock.ts';
import type { WireResponse } from '../transport/transport.ts';
import type { ExchangeRecord } from './exchange-record.ts';

/** How far a call has come, over all of its attempts. */
export class CallProgress {
  readonly clock: PhaseClock;
  /** Exchanges that were begun. */
  exchanges = 0;
  /** Those that are under way and told of. More than one while copies of the call race. */
  readonly open: ExchangeRecord[] = [];
  /** Which copy of an attempt answered first; 0 while none has. */
  answeredBy = 0;
  /** Of the last answer, whatever became of it. */
  headers: WireResponse['headers'] | undefined;
  /** How far the latest attempt has got. */
  phase: Phase = 'call';
  /** What all attempts have sent, as far as is known. */
  sent: Sent = 'never';
  #sentBefore: Sent = 'never';
  #running = 0;
  #ended = false;

  constructor(startedAt: number) {
    this.clock = new PhaseClock(startedAt);
  }

  attemptBegins(): void {
    this.#running++;
    this.#sentBefore = this.sent;
  }

  answered(copy: number): void {
    if (this.answeredBy === 0) this.answeredBy = copy;
  }

  enter(phase: Phase, sent: Sent, at: number): void {
    this.phase = phase;
    this.sent = moreDoubtful(this.#sentBefore, sent);
    if (!this.#ended) this.clock.enter(phase, at);
  }

  attemptEnds(at: number): void {
    this.#running--;
    if (this.#running === 0 && !this.#ended) this.clock.pause(at);
  }

  /** What goes on after the call, such as a refresh of the cache, takes none of its time. */
  end(): void {
    this.#ended = true;
  }
}
