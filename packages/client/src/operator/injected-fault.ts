import { type Call, type CallOptions, chaos, type Policy, type Runtime } from '@switchgear/policy';
import {
  type Transport,
  TransportFailure,
  type WireBody,
  type WireResponse,
  type WireStream,
} from '../transport/transport.ts';
import type { FaultInjectionOptions } from './fault-injection.ts';

/** The code that stands in an error's message where a real one would have Node's. */
const injectedCode = 'INJECTED_FAULT';

const problem = Buffer.from(JSON.stringify({ title: 'a fault was injected', status: 503 }));

/** A fault as long as it lasts: a transport in front of the real one, which it makes go wrong now and then. */
export class InjectedFault {
  readonly fault: FaultInjectionOptions;
  /** Attempts that it has hit. */
  hits = 0;
  readonly #policy: Policy<WireResponse>;
  /** Set by the policy in the very turn in which it is asked. */
  #struck = false;

  constructor(fault: FaultInjectionOptions, runtime: Runtime) {
    this.fault = fault;
    const { kind, latencyMs, rate } = fault;
    const always = { enabled: true, rate } as const;
    this.#policy =
      kind === 'latency'
        ? chaos({ ...always, latencyMs: () => this.#strike(latencyMs as number) }, runtime)
        : kind === 'reset'
          ? chaos({ ...always, fault: () => this.#strike(connectionReset()) }, runtime)
          : chaos({ ...always, result: () => this.#strike(unavailable) }, runtime);
  }

  appliesTo(operation: string): boolean {
    return this.fault.operation === undefined || this.fault.operation === operation;
  }

  /**
   * The transport with this fault before it, for one attempt.
   * @param call The attempt, as the policies know it.
   * @param hit Told when the attempt is hit, before anything is waited for.
   */
  before(
    transport: Transport,
    call: Call & CallOptions,
    hit: (kind: FaultInjectionOptions['kind']) => void,
  ): Transport {
    const through = <T>(send: () => Promise<T>): Promise<T | WireResponse> => {
      this.#struck = false;
      const sent = this.#policy.execute<T>(send, call);
      if (this.#struck) hit(this.fault.kind);
      return sent;
    };
    const { stream } = transport;
    return {
      send: (request, own) => through(() => transport.send(request, own)) as Promise<WireResponse>,
      ...(stream !== undefined && {
        stream: async (request, own) => asStream(await through(() => stream.call(transport, request, own))),
      }),
      close: () => transport.close(),
      destroy: () => transport.destroy(),
    };
  }

  #strike<T>(trouble: T): T {
    this.#struck = true;
    this.hits++;
    return trouble;
  }
}

const unavailable: WireResponse = {
  status: 503,
  headers: { 'content-type': 'application/problem+json' },
  body: problem,
};

function connectionReset(): TransportFailure {
  return new TransportFailure('request', Object.assign(new Error('a fault was injected'), { code: injectedCode }));
}

function asStream(answer: WireResponse | WireStream): WireStream {
  const { body } = answer;
  if (!(body instanceof Uint8Array)) return { ...answer, body };
  const whole: WireBody = {
    async *[Symbol.asyncIterator]() {
      yield body;
    },
    destroy() {},
  };
  return { ...answer, body: whole };
}
