import { type ErrorFacts, SwitchgearError } from '@switchgear/policy';
import { classifyAnswer, refusedInEnvelope } from '../classify/answer.ts';
import type { Envelope, Unwrapped } from '../contract/envelope.ts';
import type { OperationDefinition } from '../contract/operation.ts';
import { type Checked, check } from '../contract/schema.ts';
import { InvalidResponseError, ResponseTooLargeError } from '../errors.ts';
import { BodyTooLarge, type WireResponse } from '../transport/transport.ts';
import { decodeBody, Undecodable } from './decode-body.ts';
import { parseJson } from './parse-json.ts';

/** How answers of one operation are read. */
export interface Reader {
  readonly definition: OperationDefinition;
  readonly envelope: Envelope | undefined;
  readonly maxBodyBytes: number;
  readonly wallNow: () => number;
}

/**
 * Makes the value of an answer, or its error: decoded, unwrapped, held against the schema. Here an attempt is judged,
 * once; retry, breaker and telemetry read what the error says. Waits only for what must be unpacked, or for a schema
 * that is asynchronous.
 */
export function readAnswer(response: WireResponse, reader: Reader, facts: ErrorFacts): unknown {
  const succeeded = response.status >= 200 && response.status < 300;
  const { response: schema } = reader.definition.options;
  if (succeeded && (schema === 'none' || reader.definition.method === 'HEAD')) return undefined;
  const encoding = response.headers['content-encoding'];
  if (encoding === undefined || response.body.length === 0)
    return judgeAnswer(response, response.body, reader, facts, succeeded);
  return decodeBody(response.body, encoding, reader.maxBodyBytes)
    .catch((error: unknown) => {
      // The body of a refusal is read for its code alone; that it cannot be read changes nothing about the refusal.
      if (!succeeded) return noBody;
      if (error instanceof BodyTooLarge) {
        throw new ResponseTooLargeError(`the body has ${error.message}`, { ...facts, phase: 'decode' });
      }
      if (error instanceof Undecodable) throw new InvalidResponseError(response.status, [error.message], facts);
      throw error;
    })
    .then((body) => judgeAnswer(response, body, reader, facts, succeeded));
}

const noBody = new Uint8Array(0);

function judgeAnswer(
  { status, headers }: WireResponse,
  body: Uint8Array,
  reader: Reader,
  facts: ErrorFacts,
  succeeded: boolean,
): unknown {
  const { response: schema, errors, retryStatuses } = reader.definition.options;
  const parsed = parseJson(body, headers['content-type']);
  const unwrapped = parsed.ok ? unwrap(reader.envelope, parsed.value) : undefined;
  if (!succeeded) {
    const answer = { status, retryAfter: headers['retry-after'], unwrapped };
    throw classifyAnswer(answer, { errors, retryStatuses }, facts, reader.wallNow());
  }
  // Without a schema nothing is promised, so nothing may come.
  if (schema === undefined && body.length === 0) return undefined;
  if (!parsed.ok) throw new InvalidResponseError(status, [parsed.issue], facts);
  if (reader.envelope !== undefined && unwrapped === undefined) {
    throw new InvalidResponseError(status, ['the body is not in the envelope'], facts);
  }
  if (unwrapped !== undefined && !unwrapped.ok) {
    throw refusedInEnvelope({ status, retryAfter: undefined, unwrapped }, facts);
  }
  const value = unwrapped === undefined ? parsed.value : unwrapped.data;
  if (schema === undefined || schema === 'none') return value;

  const letThrough = (result: Checked): unknown => {
    if (result.ok) return result.value;
    throw new InvalidResponseError(status, result.issues, facts);
  };
  const checked = check(schema, value);
  return checked instanceof Promise ? checked.then(letThrough) : letThrough(checked);
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
