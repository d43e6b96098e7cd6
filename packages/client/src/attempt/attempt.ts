import {
  type Call,
  type ErrorFacts,
  type EventSink,
  type Phase,
  type Runtime,
  type Sent,
  SwitchgearError,
  type Unsubscribe,
} from '@switchgear/policy';
import type { Credential, Grant } from '../auth/credential.ts';
import type { Revalidation } from '../cache/call-cache.ts';
import { classifyTransportFailure } from '../classify/transport-failure.ts';
import { AuthenticationError, InvalidResponseError } from '../errors.ts';
import type { ClientEvent } from '../events.ts';
import type { InterceptedAttempt, InterceptedCall } from '../interceptors/interceptor.ts';
import type { Interceptors } from '../interceptors/interceptors.ts';
import type { Operator } from '../operator/operator.ts';
import type { BuiltRequest } from '../request/build-request.ts';
import { newSpanId } from '../request/ids.ts';
import { isRedirect } from '../request/redirect.ts';
import { Upload } from '../request/upload.ts';
import { type Reader, readAnswer } from '../response/read-answer.ts';
import { Streamed, type StreamsOfCall } from '../response/streamed-answer.ts';
import type { CallTrace } from '../trace/call-trace.ts';
import type { Transport, WireRequest, WireResponse, WireStream } from '../transport/transport.ts';
import type { AttemptHeaders } from './attempt-headers.ts';
import { authorise, waitFor } from './authorise.ts';
import type { CallPart } from './call-part.ts';
import type { CallProgress } from './call-progress.ts';
import { DelegatedCall } from './delegated-call.ts';
import { ExchangeRecord } from './exchange-record.ts';
import { followRedirects } from './follow-redirects.ts';
import { isStream, sendStreamed, type WireAnswer } from './send-streamed.ts';

/** What all attempts of one call have in common. */
export interface Sending {
  readonly request: BuiltRequest;
  /** Names and values in turn: everything but what an attempt adds. */
  readonly headers: readonly string[];
  readonly trace: CallTrace;
  /** The call as interceptors see it, where the client has some. */
  readonly intercepted: InterceptedCall | undefined;
  readonly progress: CallProgress;
  /** Where streams are kept that attempts open, for an operation that answers with one. */
  readonly streams: StreamsOfCall | undefined;
  /** For an operation whose answers are kept as HTTP has it: asks whether what is kept still holds. */
  readonly revalidation?: Revalidation | undefined;
  /** For a call that is part of a larger one. */
  readonly part?: CallPart | undefined;
}

/** What all calls of one operation have in common. */
export interface AttemptTools {
  readonly transport: Transport;
  readonly credential: Credential | undefined;
  readonly reader: Reader;
  /** Whether answers are streams. */
  readonly answersStream: boolean;
  /** Redirects that are followed. */
  readonly followRedirects: number;
  /** Scheme, host and port: where redirects may lead. */
  readonly origin: string;
  /** The path of the base URL, before those of operations. */
  readonly prefix: string;
  /** What an attempt says of itself. */
  readonly headers: AttemptHeaders;
  /** Who may make attempts go wrong on purpose. */
  readonly operator?: Operator | undefined;
  /** Where the client has some. */
  readonly interceptors?: Interceptors | undefined;
  readonly runtime: Runtime;
  readonly events: EventSink<ClientEvent>;
}

/** Makes one attempt: authorises it, sends it, reads the answer. The innermost stage of the stack. */
export function attempt(sending: Sending, tools: AttemptTools, call: Call): Promise<unknown> {
  return new Attempt(sending, tools, call).run();
}

/** The call of one attempt: what is told of its progress is kept, with the time, for who asks where that went. */
class Attempt extends DelegatedCall {
  readonly #tools: AttemptTools;
  readonly #facts: ErrorFacts;
  /** Another one once a redirect has been followed. */
  #sending: Sending;
  /** What the service did before it sent us on stays done: from then on nothing may say that the request never left. */
  #sentOn = false;
  /** The exchange under way, if anybody wants to hear of it. */
  #exchange: ExchangeRecord | undefined;
  /** Takes the attempt back through the interceptors that it has gone through, where there are some. */
  #leaveInterceptors: ((error: unknown) => void) | undefined;
  /** The last answer that came. */
  #answer: WireAnswer | undefined;

  constructor(sending: Sending, tools: AttemptTools, call: Call) {
    super(call);
    this.#sending = sending;
    this.#tools = tools;
    this.#facts = { target: call.target, operation: call.operation, attempts: call.attempt };
  }

  override progress(phase: Phase, sent: Sent): void {
    const known = this.#sentOn && sent === 'never' ? 'maybe' : sent;
    const now = this.#tools.runtime.clock.now();
    this.#sending.progress.enter(phase, known, now);
    this.#exchange?.enter(phase, known, now);
    this.call.progress(phase, known);
  }

  async run(): Promise<unknown> {
    this.#sending.progress.attemptBegins();
    try {
      const { interceptors } = this.#tools;
      const { intercepted } = this.#sending;
      if (interceptors !== undefined && intercepted !== undefined) await this.#intercept(interceptors, intercepted);
      let answer = await this.#exchangeOnce();
      let once = this.#isSpent;
      if (this.#tools.followRedirects > 0 && isRedirect(answer.status)) {
        answer = await this.#onward(answer);
        // What the first request did stays done.
        once ||= !this.idempotent;
      }
      if (isStream(answer)) {
        const streamed = this.#openStream(answer);
        this.#sending.progress.answered(this.copy);
        return streamed;
      }
      const value = await this.#read(answer, once);
      this.#exchange?.done();
      this.#ended(undefined);
      this.#sending.progress.answered(this.copy);
      return value;
    } catch (error) {
      this.#exchange?.failed(error);
      this.#ended(error);
      throw error;
    }
  }

  #ended(error: unknown): void {
    this.#leaveInterceptors?.(error);
    this.#sending.progress.attemptEnds(this.#tools.runtime.clock.now());
  }

  /** Takes the attempt through the interceptors. Whatever becomes of it then, it goes back through them. */
  async #intercept(interceptors: Interceptors, call: InterceptedCall): Promise<void> {
    const { origin: host, runtime } = this.#tools;
    const seen: InterceptedAttempt = Object.freeze({ call, attempt: this.attempt, host });
    const startedAt = runtime.clock.now();
    const entered = { count: 0, left: false };
    let leaveCall: Unsubscribe | undefined;
    const leave = (error: unknown): void => {
      leaveCall?.();
      const { status, headers } = this.#answer ?? {};
      const durationMs = runtime.clock.now() - startedAt;
      interceptors.afterAttempt(seen, { status, headers, durationMs, error }, entered);
    };
    // Work that ignores its cancellation is left behind, and the interceptors do not wait for it.
    leaveCall = this.onCancel(leave);
    this.#leaveInterceptors = leave;
    const edited = await interceptors.beforeAttempt(seen, this.#sending.headers, entered, this.#facts, this);
    this.#sending = { ...this.#sending, headers: edited.list };
  }

  /** A function of its own, so that an attempt without redirects makes no closure. */
  #onward(first: WireAnswer): Promise<WireAnswer> {
    const { followRedirects: most, origin } = this.#tools;
    this.#sentOn = true;
    return followRedirects(first, this.#sending, most, origin, this, this.#facts, (next) => {
      this.#sending = next;
      return this.#exchangeOnce();
    });
  }

  /** Sends once, and once more if the token was refused. */
  #exchangeOnce(): Promise<WireAnswer> {
    const { credential } = this.#tools;
    this.#beginExchange();
    return credential === undefined ? this.#send(undefined) : this.#authorised(credential);
  }

  /** What has been answered so far led to this one. */
  #beginExchange(): void {
    this.#exchange?.done();
    this.#exchange = ExchangeRecord.of(this, this.#sending, this.#tools, this.#answer !== undefined);
  }

  async #authorised(credential: Credential): Promise<WireAnswer> {
    const facts = this.#facts;
    if (credential.origins !== undefined && !credential.origins.has(this.#tools.origin)) {
      const known: ErrorFacts = { ...facts, phase: 'auth' };
      throw new AuthenticationError('the credential is not for this origin', known, 'other-origin');
    }
    const granted = credential.get(this);
    const grant = granted instanceof Promise ? await waitFor(granted, 'never', this, facts) : granted;
    const response = await this.#send(grant);
    if (response.status !== 401) return response;

    const renewal = credential.renew(grant, response.headers, this);
    if (this.#isSpent) {
      // A body that is used up cannot go once more. The new token is for the next call, and nobody waits for it here.
      Promise.resolve(renewal).catch(() => {});
      return response;
    }
    // 401 says that nothing was done, so even a POST may go once more, with a newer token if there is one.
    const newer = renewal instanceof Promise ? await waitFor(renewal, 'answered', this, facts) : renewal;
    if (newer === undefined) return response;
    this.#publishReauthorised();
    this.#beginExchange();
    const second = await this.#send(newer);
    if (second.status === 401) credential.refusedAfterRenewal(newer);
    return second;
  }

  /** Whether the body was a stream, and has been used. */
  get #isSpent(): boolean {
    const { body } = this.#sending.request;
    return body instanceof Upload && body.spent;
  }

  /** The answer is given to the caller before its body has come, and what the call has taken stays taken until then. */
  #openStream(head: WireStream): Streamed {
    const streamed = new Streamed(head, this.#tools.reader.maxBodyBytes, this.#facts);
    streamed.onEnd(this.hold());
    streamed.onEnd((end) => {
      const error = end.how === 'failed' ? end.error : undefined;
      if (end.how === 'failed') this.#exchange?.failed(error);
      else this.#exchange?.done();
      this.#ended(error);
    });
    this.#sending.streams?.add(streamed);
    return streamed;
  }

  /** Reads an answer. What the contract's own code throws on the way says nothing about the service, nor for a retry. */
  async #read(response: WireResponse, once: boolean): Promise<unknown> {
    this.progress('decode', 'answered');
    const { part, revalidation } = this.#sending;
    // What another address answered is not kept for this one.
    const read = revalidation === undefined || this.#sentOn ? response : revalidation.answered(response);
    try {
      const answer = await readAnswer(read, this.#tools.reader, this.#facts, once);
      return part === undefined ? answer : await part.interpret(answer, response.status, this.#facts);
    } catch (error) {
      if (error instanceof SwitchgearError) throw error;
      const known: ErrorFacts = { ...this.#facts, cause: error };
      throw new InvalidResponseError(response.status, ['the code of the contract failed on it'], known);
    }
  }

  async #send(grant: Grant | undefined): Promise<WireAnswer> {
    const { request, headers: ofCall, trace, part } = this.#sending;
    const { origin, reader, runtime } = this.#tools;
    const transport = this.#transport();
    const facts = this.#facts;
    const until = Math.min(this.deadline, part?.toldDeadline?.() ?? Number.POSITIVE_INFINITY);
    const span = this.#exchange?.sending();
    const headers = [...ofCall];
    this.#tools.headers.addTo(headers, {
      attempt: this.attempt,
      // A span of its own per exchange, so that a trace shows each of them.
      spanId: this.#exchange?.spanId ?? newSpanId(),
      trace,
      span,
      leftMs: until - runtime.clock.now(),
      origin,
    });
    const { method, path, body } = request;
    // Last of all, for it may sign the others.
    if (grant !== undefined) headers.push(...authorise(grant, request, headers, origin, facts));
    const wire: WireRequest = {
      method,
      path,
      headers,
      body: body instanceof Upload ? undefined : body,
      maxBodyBytes: reader.maxBodyBytes,
    };
    // Who takes answers as they come takes them whole as well, from a transport that cannot stream.
    const answersStream = this.#tools.answersStream && (reader.raw === undefined || transport.stream !== undefined);
    let answer: WireAnswer;
    try {
      answer = await (span === undefined
        ? this.#transmit(wire, transport, answersStream)
        : span.run(() => this.#transmit(wire, transport, answersStream)));
    } catch (error) {
      throw classifyTransportFailure(error, facts);
    }
    this.#exchange?.answered(answer);
    this.#answer = answer;
    this.#sending.progress.headers = answer.headers;
    return answer;
  }

  #transmit(wire: WireRequest, transport: Transport, answersStream: boolean): Promise<WireAnswer> {
    const { body } = this.#sending.request;
    if (!answersStream && !(body instanceof Upload)) return transport.send(wire, this);
    return sendStreamed(wire, body, answersStream, transport, this, this.#facts);
  }

  /** The real one, nearly always; behind a fault that an operator injects. */
  #transport(): Transport {
    const { operator, transport } = this.#tools;
    const faults = operator?.faultsFor(this.operation);
    if (faults === undefined) return transport;
    return faults.reduce((behind, fault) => {
      return fault.before(behind, this.call, (kind) => {
        this.#exchange?.hitBy(kind);
        // As what really goes wrong: it is the service that keeps us waiting.
        this.progress('wait', 'maybe');
      });
    }, transport);
  }

  #publishReauthorised(): void {
    const { events, runtime } = this.#tools;
    if (!events.wants('attempt.reauthorised')) return;
    const { target, operation, attempt } = this;
    events.publish({ type: 'attempt.reauthorised', at: runtime.clock.now(), target, operation, attempt });
  }
}
