import { type Check, readOptions } from '@switchgear/policy/options';
import { codesOf } from '../classify/transport-failure.ts';
import {
  BodyTooLarge,
  type OpenTransport,
  type Transport,
  TransportFailure,
  type WireBody,
  type WireRequest,
  type WireResponse,
  type WireStream,
} from '../transport/transport.ts';
import { joined, watched } from './bodies.ts';
import {
  bytesOf,
  type Cassette,
  cassetteVersion,
  headerOf,
  type RecordedBody,
  type RecordedExchange,
  recordedBody,
} from './cassette.ts';
import {
  type Redaction,
  redactedAnswerHeaders,
  redactedBody,
  redactedHeaders,
  redactedPath,
  redaction,
} from './redact.ts';

export interface RecorderOptions {
  /** Headers whose values are not kept, besides `authorization`, `cookie`, `x-api-key` and their like. @default [] */
  readonly redactHeaders?: readonly string[];
  /**
   * Query parameters, form fields and fields of JSON, at any depth, whose values are not kept, besides `password`,
   * `token`, `client_secret`, `api_key` and their like. @default []
   */
  readonly redactFields?: readonly string[];
}

/** A transport that remembers what went through it. */
export interface Recorder extends OpenTransport {
  /** What was recorded so far: exchanges that have ended, in the order of their sending. */
  cassette(): Cassette;
}

const names: Check<readonly string[]> = {
  expected: 'a list of names',
  ok: (value): value is readonly string[] => Array.isArray(value) && value.every((name) => typeof name === 'string'),
};

/**
 * Records every exchange of the transport inside, failures included, without credentials. A send that its caller gave
 * up is not kept: how it would have ended is not known. Made for tests: what it records stays in memory.
 * @throws ConfigError if an option is not what it should be.
 */
export function recorder(inner: OpenTransport, options: RecorderOptions = {}): Recorder {
  const { redactHeaders, redactFields } = readOptions(
    'recorder',
    options,
    { redactHeaders: names, redactFields: names },
    { redactHeaders: [], redactFields: [] },
  );
  const hidden = redaction(redactHeaders, redactFields);
  const slots: Slot[] = [];

  const open: OpenTransport = (transportOptions) => {
    const { origin } = transportOptions;
    const transport = inner(transportOptions);
    const begin = (request: WireRequest): Taping => {
      const slot: Slot = { exchange: undefined };
      slots.push(slot);
      const sent: Uint8Array[] = [];
      const { body } = request;
      const streams = body !== undefined && !(body instanceof Uint8Array);
      return {
        request: streams ? { ...request, body: watched(body, (chunk) => void sent.push(chunk)) } : request,
        end(outcome) {
          const kept = recordedRequest(origin, request, streams ? joined(sent) : body, hidden);
          slot.exchange = { request: kept, outcome };
        },
      };
    };
    const taped = async <T>(taping: Taping, send: () => Promise<T>): Promise<T> => {
      try {
        return await send();
      } catch (error) {
        const outcome = failed(error);
        if (outcome !== undefined) taping.end(outcome);
        throw error;
      }
    };
    const opened: Transport = {
      async send(request, call) {
        const taping = begin(request);
        const response = await taped(taping, () => transport.send(taping.request, call));
        taping.end(answered(response, hidden));
        return response;
      },
      close: () => transport.close(),
      destroy: () => transport.destroy(),
    };
    const stream = transport.stream?.bind(transport);
    if (stream === undefined) return opened;
    return {
      ...opened,
      async stream(request, call) {
        const taping = begin(request);
        const response = await taped(taping, () => stream(taping.request, call));
        return { ...response, body: new TapedBody(response, taping, hidden) };
      },
    };
  };

  const cassette = (): Cassette => ({
    format: 'switchgear-cassette',
    version: cassetteVersion,
    redacted: { headers: [...redactHeaders], fields: [...redactFields] },
    exchanges: slots.flatMap(({ exchange }) => (exchange === undefined ? [] : [exchange])),
  });
  return Object.assign(open, { cassette });
}

interface Slot {
  exchange: RecordedExchange | undefined;
}

/** One exchange on its way onto the cassette. */
interface Taping {
  /** The request to send in place of the one that came. */
  readonly request: WireRequest;
  end(outcome: RecordedExchange['outcome']): void;
}

/** A body that is recorded as it is read. One that is not read to its end is not kept: nobody knows the rest. */
class TapedBody implements WireBody {
  readonly #response: WireStream;
  readonly #taping: Taping;
  readonly #hidden: Redaction;

  constructor(response: WireStream, taping: Taping, hidden: Redaction) {
    this.#response = response;
    this.#taping = taping;
    this.#hidden = hidden;
  }

  destroy(reason: unknown): void {
    this.#response.body.destroy(reason);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    const { status, headers, body } = this.#response;
    const chunks: Uint8Array[] = [];
    yield* watched(body, (chunk) => void chunks.push(chunk));
    this.#taping.end(answered({ status, headers, body: joined(chunks) }, this.#hidden));
  }
}

/** A request as it is kept, and as one is compared with what was kept. */
export function recordedRequest(
  origin: string,
  request: WireRequest,
  body: Uint8Array | undefined,
  hidden: Redaction,
): RecordedExchange['request'] {
  const headers = redactedHeaders(request.headers, hidden);
  return {
    origin,
    method: request.method,
    path: redactedPath(request.path, hidden),
    headers,
    body: hiddenIn(recordedBody(body), headers['content-type'] ?? '', hidden),
  };
}

function answered({ status, headers, body }: WireResponse, hidden: Redaction): RecordedExchange['outcome'] {
  const kept = redactedAnswerHeaders(headers, hidden);
  // What is packed is kept as it came: there is no looking into it, and so nothing to hide in it either.
  const plain = headerOf(headers, 'content-encoding') === '' ? recordedBody(body) : inBase64(body);
  const shown = hiddenIn(plain, headerOf(headers, 'content-type'), hidden);
  if (kept['content-length'] !== undefined) kept['content-length'] = String(bytesOf(shown).length);
  return { kind: 'answer', status, headers: kept, body: shown };
}

function failed(error: unknown): RecordedExchange['outcome'] | undefined {
  if (error instanceof BodyTooLarge) return { kind: 'too-large' };
  if (!(error instanceof TransportFailure)) return undefined;
  return { kind: 'failure', reached: error.reached, code: codesOf(error.cause).at(-1) ?? 'unknown' };
}

function hiddenIn(body: RecordedBody, contentType: string, hidden: Redaction): RecordedBody {
  return 'text' in body ? { text: redactedBody(body.text, contentType, hidden) } : body;
}

function inBase64(body: Uint8Array): RecordedBody {
  return { base64: Buffer.from(body).toString('base64') };
}
