import type { CallTimings } from '../timing/timings.ts';
import { metricDefinitions as metrics } from './definitions.ts';
import type { BoundCounter, Meter } from './meter.ts';

/** The time of all calls of a target, by where it went. A field for each phase: it is added to with every call. */
export class TimeByPhase {
  readonly #admission: BoundCounter;
  readonly #queue: BoundCounter;
  readonly #auth: BoundCounter;
  readonly #dns: BoundCounter;
  readonly #connect: BoundCounter;
  readonly #tls: BoundCounter;
  readonly #write: BoundCounter;
  readonly #wait: BoundCounter;
  readonly #body: BoundCounter;
  readonly #decode: BoundCounter;
  readonly #backoff: BoundCounter;

  constructor(meter: Meter, target: string) {
    const of = (phase: string): BoundCounter => meter.counter(metrics.operationTime, [target, phase]);
    this.#admission = of('admission');
    this.#queue = of('queue');
    this.#auth = of('auth');
    this.#dns = of('dns');
    this.#connect = of('connect');
    this.#tls = of('tls');
    this.#write = of('write');
    this.#wait = of('wait');
    this.#body = of('body');
    this.#decode = of('decode');
    this.#backoff = of('backoff');
  }

  add(timings: CallTimings): void {
    addMs(this.#admission, timings.admissionMs);
    addMs(this.#queue, timings.queueMs);
    addMs(this.#auth, timings.authMs);
    addMs(this.#dns, timings.dnsMs);
    addMs(this.#connect, timings.connectMs);
    addMs(this.#tls, timings.tlsMs);
    addMs(this.#write, timings.writeMs);
    addMs(this.#wait, timings.waitMs);
    addMs(this.#body, timings.bodyMs);
    addMs(this.#decode, timings.decodeMs);
    addMs(this.#backoff, timings.backoffMs);
  }
}

/** Most calls have no time in most phases. */
function addMs(counter: BoundCounter, ms: number): void {
  if (ms > 0) counter.add(ms / 1_000);
}
