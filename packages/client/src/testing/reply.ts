import { type Call, type Clock, ConfigError, type Phase, type Sent, type Timer } from '@switchgear/policy';
import { BodyTooLarge, type Reached, TransportFailure, type WireResponse } from '../transport/transport.ts';

/** Headers of an answer. A list is a header that comes more than once. */
export type ReplyHeaders = Readonly<Record<string, string | readonly string[]>>;

/** How a request ends, as data: for a mock what it does, for a fault transport what it does instead. */
export type Reply =
  | { readonly kind: 'answer'; readonly status: number; readonly headers: ReplyHeaders; readonly body: Uint8Array }
  | { readonly kind: 'failure'; readonly reached: Reached; readonly code: string }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'stall'; readonly phase: StallPhase }
  | { readonly kind: 'after'; readonly ms: number; readonly reply: Reply };

/** Where a request can get stuck. */
export type StallPhase = 'queue' | 'dns' | 'connect' | 'tls' | 'write' | 'wait' | 'body';

const text = new TextEncoder();

/** Answers, with JSON when there is some. @throws ConfigError if the status is none, or the value cannot be JSON. */
export function answer(status: number, json?: unknown, headers: ReplyHeaders = {}): Reply {
  if (json === undefined) return answerRaw(status, '', headers);
  const body = JSON.stringify(json) as string | undefined;
  if (body === undefined) throw new ConfigError('answer.json', 'a value that can be written as JSON', json);
  return answerRaw(status, body, { 'content-type': 'application/json', ...headers });
}

/** Answers with these bytes, or this text. @throws ConfigError if the status is none. */
export function answerRaw(status: number, body: string | Uint8Array, headers: ReplyHeaders = {}): Reply {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new ConfigError('answer.status', 'a status from 200 to 599', status);
  }
  const byName = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { kind: 'answer', status, headers: byName, body: typeof body === 'string' ? text.encode(body) : body };
}

/** No connection: the request never left. The code is Node's, and tells a refusal from a name that is not known. */
export function refuse(code = 'ECONNREFUSED'): Reply {
  return { kind: 'failure', reached: 'nothing', code };
}

/**
 * The connection is lost. `request`: while the request was under way, so nobody knows whether it arrived;
 * `stale-connection`: the same, on one that had served before; `response`: in the middle of the answer.
 */
export function reset(reached: Exclude<Reached, 'nothing'> = 'request', code = 'ECONNRESET'): Reply {
  return { kind: 'failure', reached, code };
}

/** The answer is larger than the client takes. */
export function tooLarge(): Reply {
  return { kind: 'too-large' };
}

/** Never ends, until the call is cancelled. */
export function stall(phase: StallPhase = 'wait'): Reply {
  return { kind: 'stall', phase };
}

/** The same, so many milliseconds of the runtime's clock later. @throws ConfigError if that is no time. */
export function after(ms: number, reply: Reply): Reply {
  return { kind: 'after', ms: duration('after.ms', ms), reply };
}

/** Whether a value is a reply, as a function in JavaScript may have forgotten to return one. */
export function isReply(value: unknown): value is Reply {
  const kinds: readonly unknown[] = ['answer', 'failure', 'too-large', 'stall', 'after'];
  return typeof value === 'object' && value !== null && kinds.includes((value as { kind?: unknown }).kind);
}

/** What a reply is played to. */
export interface Stage {
  readonly call: Call;
  readonly clock: Clock;
  readonly method: string;
  readonly maxBodyBytes: number;
}

/** Ends a request as the reply says, telling the call how far it is, as a real transport would. */
export async function play(reply: Reply, stage: Stage): Promise<WireResponse> {
  const { call, clock } = stage;
  call.progress(...reachedBy(reply));
  switch (reply.kind) {
    case 'after':
      await pause(reply.ms, call, clock);
      return play(reply.reply, stage);
    case 'stall':
      return pause(undefined, call, clock) as Promise<never>;
    case 'failure':
      throw new TransportFailure(reply.reached, Object.assign(new Error(reply.code), { code: reply.code }));
    case 'too-large':
      throw new BodyTooLarge(`more than ${stage.maxBodyBytes} bytes`);
    case 'answer': {
      // A caller that has left hears its own reason, as from a real transport.
      await pause(0, call, clock);
      call.progress('body', 'answered');
      const { status, headers } = reply;
      const body = stage.method === 'HEAD' || status === 204 || status === 304 ? new Uint8Array(0) : reply.body;
      if (body.length > stage.maxBodyBytes) throw new BodyTooLarge(`more than ${stage.maxBodyBytes} bytes`);
      return { status, headers: asHeaders(headers), body: Uint8Array.from(body) };
    }
  }
}

/**
 * Waits on the clock, or for ever without a time, and ends at once when the call is cancelled.
 * @throws The call's own reason.
 */
export function pause(ms: number | undefined, call: Call, clock: Clock): Promise<void> {
  return new Promise((resolve, reject) => {
    let timer: Timer | undefined;
    let left = false;
    const leave = call.onCancel((reason) => {
      left = true;
      timer?.cancel();
      reject(reason);
    });
    const wake = (): void => {
      leave();
      resolve();
    };
    if (left || ms === undefined) return;
    if (ms === 0) wake();
    else timer = clock.setTimer(ms, wake);
  });
}

/** A time that can be waited for. @throws ConfigError */
export function duration(path: string, ms: number): number {
  if (!Number.isFinite(ms) || ms < 0) throw new ConfigError(path, 'milliseconds, 0 or more', ms);
  return ms;
}

const sentIn: Readonly<Record<StallPhase, Sent>> = {
  queue: 'never',
  dns: 'never',
  connect: 'never',
  tls: 'never',
  write: 'maybe',
  wait: 'maybe',
  body: 'answered',
};

/** How far a request gets before its reply takes effect. */
function reachedBy(reply: Reply): [Phase, Sent] {
  switch (reply.kind) {
    case 'after':
      return reachedBy(reply.reply);
    case 'stall':
      return [reply.phase, sentIn[reply.phase]];
    case 'too-large':
      return ['body', 'answered'];
    case 'failure':
      if (reply.reached === 'nothing') return ['connect', 'never'];
      return reply.reached === 'response' ? ['body', 'answered'] : ['wait', 'maybe'];
    case 'answer':
      return ['wait', 'maybe'];
  }
}

function asHeaders(headers: ReplyHeaders): WireResponse['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
  );
}
