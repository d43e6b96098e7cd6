import { type Call, type Phase, type Runtime, type Sent, sinkOf } from '@switchgear/policy';
import { DelegatedCall } from '../attempt/delegated-call.ts';
import type {
  OpenTransport,
  Transport,
  TransportOptions,
  WireBody,
  WireRequest,
  WireResponse,
  WireStream,
} from '../transport/transport.ts';
import { asStream } from './bodies.ts';
import { FaultPlan, type FaultRule, type Strike, type StrikingFault } from './fault-plan.ts';
import { InFlightSends } from './in-flight-sends.ts';
import { redaction } from './redact.ts';
import { isReply, pause, play, type Reply } from './reply.ts';
import { seenRequest } from './seen-request.ts';

/**
 * A transport whose requests go wrong as a plan says, and go their way otherwise: for tests, and for staging, where
 * what handles faults should be code that runs. Chance and time are those of the runtime that the client was given.
 * Says `chaos.injected` for every request it strikes.
 * @param faults A plan that can be changed while the transport is in use, or the rules of one that stays.
 * @throws ConfigError if a rule cannot be.
 */
export function faultTransport(inner: OpenTransport, faults: FaultPlan | readonly FaultRule[]): OpenTransport {
  const plan = faults instanceof FaultPlan ? faults : new FaultPlan(faults);
  return (options) => new FaultTransport(inner(options), plan, options);
}

const hidden = redaction();

class FaultTransport implements Transport {
  readonly stream?: NonNullable<Transport['stream']>;
  readonly #inner: Transport;
  readonly #plan: FaultPlan;
  readonly #origin: string;
  readonly #maxBodyBytes: number;
  readonly #runtime: Runtime;
  readonly #sends = new InFlightSends();

  constructor(inner: Transport, plan: FaultPlan, { origin, maxBodyBytes, runtime }: TransportOptions) {
    this.#inner = inner;
    this.#plan = plan;
    this.#origin = origin;
    this.#maxBodyBytes = maxBodyBytes;
    this.#runtime = runtime;
    plan.begin(runtime.clock);
    const stream = inner.stream?.bind(inner);
    if (stream !== undefined) this.stream = (request, call) => this.#stream(request, call, stream);
  }

  send(request: WireRequest, call: Call): Promise<WireResponse> {
    const strike = this.#strike(request, call);
    if (strike === undefined) return this.#inner.send(request, call);
    return this.#sends.run(call, async (watched) => {
      const fault = await this.#late(strike, watched);
      if (fault === undefined) return this.#inner.send(request, watched);
      if (isReply(fault)) return this.#play(fault, request, watched);
      if (fault.kind === 'trickle') {
        const response = await this.#inner.send(request, watched);
        await pause(fault.ms, watched, this.#runtime.clock);
        return response;
      }
      // What happened on the wire stays unknown to the call: for it, the answer has not come.
      await this.#inner.send(request, new UnansweredCall(watched));
      return this.#play(fault.reply, request, watched);
    });
  }

  #stream(request: WireRequest, call: Call, stream: Streaming): Promise<WireStream> {
    const strike = this.#strike(request, call);
    if (strike === undefined) return stream(request, call);
    return this.#sends.run(call, async (watched) => {
      const fault = await this.#late(strike, watched);
      if (fault === undefined) return stream(request, call);
      if (isReply(fault)) return asStream(await this.#play(fault, request, watched), call);
      if (fault.kind === 'trickle') {
        const response = await stream(request, call);
        return { ...response, body: new LateBody(response.body, () => pause(fault.ms, call, this.#runtime.clock)) };
      }
      const { body } = await stream(request, new UnansweredCall(call));
      body.destroy(new Error('thrown away by a fault'));
      return asStream(await this.#play(fault.reply, request, watched), call);
    });
  }

  #strike(request: WireRequest, call: Call): Strike | undefined {
    const { clock, random } = this.#runtime;
    const body = request.body instanceof Uint8Array ? request.body : undefined;
    const strike = this.#plan.strike(seenRequest(this.#origin, request, body, call, clock.now(), hidden), random);
    return strike.latencyMs === 0 && strike.fault === undefined ? undefined : strike;
  }

  /** Lets the latency pass. What is left to happen is said when it does. */
  async #late({ latencyMs, fault }: Strike, call: Call): Promise<StrikingFault | undefined> {
    if (latencyMs > 0) {
      this.#publish(call, 'latency');
      call.progress('connect', 'never');
      await pause(latencyMs, call, this.#runtime.clock);
    }
    if (fault !== undefined) {
      this.#publish(call, fault.kind === 'trickle' ? 'latency' : fault.kind === 'answer' ? 'result' : 'fault');
    }
    return fault;
  }

  #play(reply: Reply, { method, maxBodyBytes }: WireRequest, call: Call): Promise<WireResponse> {
    const { clock } = this.#runtime;
    return play(reply, { call, clock, method, maxBodyBytes: maxBodyBytes ?? this.#maxBodyBytes });
  }

  async close(): Promise<void> {
    await this.#sends.close();
    await this.#inner.close();
  }

  async destroy(): Promise<void> {
    await Promise.all([this.#sends.destroy(), this.#inner.destroy()]);
  }

  #publish({ target, operation, attempt }: Call, kind: 'fault' | 'latency' | 'result'): void {
    const events = sinkOf(this.#runtime);
    if (!events.wants('chaos.injected')) return;
    const at = this.#runtime.clock.now();
    events.publish({ type: 'chaos.injected', at, target, operation, attempt, kind });
  }
}

type Streaming = (request: WireRequest, call: Call) => Promise<WireStream>;

/** A body of which the first byte is late. */
class LateBody implements WireBody {
  readonly #body: WireBody;
  readonly #wait: () => Promise<void>;

  constructor(body: WireBody, wait: () => Promise<void>) {
    this.#body = body;
    this.#wait = wait;
  }

  destroy(reason: unknown): void {
    this.#body.destroy(reason);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    await this.#wait();
    yield* this.#body;
  }
}

/** A call that is not told when its answer begins. */
class UnansweredCall extends DelegatedCall {
  override progress(phase: Phase, sent: Sent): void {
    if (sent !== 'answered') super.progress(phase, sent);
  }
}
