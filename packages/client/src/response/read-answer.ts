import { type ErrorFacts, SwitchgearError } from '@switchgear/policy';
import { classifyAnswer, refusedInEnvelope } from '../classify/answer.ts';
import { readProblem } from '../classify/problem.ts';
import type { Envelope, Unwrapped } from '../contract/envelope.ts';
import type { OperationDefinition } from '../contract/operation.ts';
import { type Checked, check } from '../contract/schema.ts';
import { InvalidResponseError, ResponseTooLargeError } from '../errors.ts';
import { BodyTooLarge, type WireResponse } from '../transport/transport.ts';
import { decodeBody, Undecodable } from './decode-body.ts';
import { decodeText } from './decode-text.ts';
import { parseJson } from './parse-json.ts';

/** How answers of one operation are read. */
export interface Reader {
  readonly definition: OperationDefinition;
  readonly envelope: Envelope | undefined;
  readonly maxBodyBytes: number;
  readonly wallNow: () => number;
  /** For whoever wants answers as they came, whatever their status. */
  readonly raw?: RawAnswers | undefined;
}

/** Keeps an answer with the error that stands for it, which retry and breaker go by. */
export interface RawAnswers {
  keep(error: SwitchgearError, answer: WireResponse): void;
}

/**
 * Makes the value of an answer, or its error: decoded, unwrapped, held against the schema. Here an attempt is judged,
 * once; retry, breaker and telemetry read what the error says. Waits only for what must be unpacked, or for a schema
 * that is asynchronous.
 * @param once What was sent must not be sent a second time, whatever the answer asks for.
 */
export function readAnswer(response: WireResponse, reader: Reader, facts: ErrorFacts, once = false): unknown {
  const { method, options } = reader.definition;
  const { results } = options;
  const { status } = response;
  const wanted = results === undefined ? status >= 200 && status < 300 : Object.hasOwn(results, status);
  const schema = results === undefined ? options.response : results[status];
  if (wanted && reader.raw !== undefined) return response;
  if (wanted && (schema === 'none' || method === 'HEAD')) return tagged(reader, status, undefined);
  const encoding = response.headers['content-encoding'];
  if (encoding === undefined || response.body.length === 0) {
    return judgeAnswer(response, response.body, reader, facts, wanted, once);
  }
  return decodeBody(response.body, encoding, reader.maxBodyBytes)
    .catch((error: unknown) => {
      // The body of a refusal is read for its code alone; that it cannot be read changes nothing about the refusal.
      if (!wanted) return noBody;
      if (error instanceof BodyTooLarge) {
        throw new ResponseTooLargeError(`the body has ${error.message}`, { ...facts, phase: 'decode' });
      }
      if (error instanceof Undecodable) throw new InvalidResponseError(status, [error.message], facts);
      throw error;
    })
    .then((body) => judgeAnswer(response, body, reader, facts, wanted, once));
}

const noBody = new Uint8Array(0);

function judgeAnswer(
  response: WireResponse,
  body: Uint8Array,
  reader: Reader,
  facts: ErrorFacts,
  wanted: boolean,
  once: boolean,
): unknown {
  const { status, headers } = response;
  if (!wanted) {
    const refusal = refusalOf(response, body, reader, facts, once);
    reader.raw?.keep(refusal, response);
    throw refusal;
  }
  const { response: given, responseAs, results } = reader.definition.options;
  const schema = results === undefined ? given : results[status];
  const content =
    responseAs === undefined || responseAs === 'json'
      ? jsonContent(response, body, reader, schema === undefined, facts)
      : responseAs === 'text'
        ? textContent(status, body, headers['content-type'], facts)
        : // A copy of its own: what was read shares its buffer with whatever else came over the connection.
          new Uint8Array(body);
  if (schema === undefined || schema === 'none') return content;

  const letThrough = (result: Checked): unknown => {
    if (result.ok) return tagged(reader, status, result.value);
    throw new InvalidResponseError(status, result.issues, facts);
  };
  const checked = check(schema, content);
  return checked instanceof Promise ? checked.then(letThrough) : letThrough(checked);
}

/** Tagged with its status where the contract tells statuses apart. */
function tagged({ definition }: Reader, status: number, value: unknown): unknown {
  return definition.options.results === undefined ? value : { status, value };
}

/** The error of an answer that is not one of the values that the contract names. */
function refusalOf(
  { status, headers }: WireResponse,
  body: Uint8Array,
  reader: Reader,
  facts: ErrorFacts,
  once: boolean,
): SwitchgearError {
  if (status >= 200 && status < 300)
    return new InvalidResponseError(status, [`status ${status}: not in results`], facts);
  const { errors, retryStatuses } = reader.definition.options;
  const parsed = parseJson(body, headers['content-type']);
  const unwrapped = parsed.ok ? unwrap(reader.envelope, parsed.value) : undefined;
  const problem = parsed.ok ? readProblem(parsed.value, headers['content-type'], body.length) : undefined;
  const answer = { status, headers, unwrapped, problem };
  return classifyAnswer(answer, { errors, retryStatuses, once }, facts, reader.wallNow());
}

function jsonContent(
  { status, headers }: WireResponse,
  body: Uint8Array,
  reader: Reader,
  mayBeEmpty: boolean,
  facts: ErrorFacts,
): unknown {
  // Without a schema nothing is promised, so nothing may come.
  if (mayBeEmpty && body.length === 0) return undefined;
  const parsed = parseJson(body, headers['content-type']);
  if (!parsed.ok) throw new InvalidResponseError(status, [parsed.issue], facts);
  if (reader.envelope === undefined) return parsed.value;
  const unwrapped = unwrap(reader.envelope, parsed.value);
  if (unwrapped?.ok === true) return unwrapped.data;
  // A refusal that the contract takes for a value is seen as it came: its schema says what is in it.
  if (status >= 300) return parsed.value;
  if (unwrapped === undefined) throw new InvalidResponseError(status, ['the body is not in the envelope'], facts);
  throw refusedInEnvelope({ status, headers, unwrapped }, facts);
}

function textContent(
  status: number,
  body: Uint8Array,
  contentType: string | string[] | undefined,
  facts: ErrorFacts,
): string {
  const text = decodeText(body, contentType);
  if (text === undefined) throw new InvalidResponseError(status, ['the body is not in its charset'], facts);
  return text;
}

/** An envelope is the user's function: one that throws has not recognised the body. */
function unwrap(envelope: Envelope | undefined, body: unknown): Unwrapped | undefined {
  if (envelope === undefined) return undefined;
  try {
    return envelope(body);
  } catch (error) {
    if (error instanceof SwitchgearError) throw error;
    return undefined;
  }
}
