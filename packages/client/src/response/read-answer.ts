import { type ErrorFacts, SwitchgearError } from '@switchgear/policy';
import { classifyAnswer, refusedInEnvelope } from '../classify/answer.ts';
import type { Envelope, Unwrapped } from '../contract/envelope.ts';
import type { OperationDefinition } from '../contract/operation.ts';
import { check } from '../contract/schema.ts';
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
 * once; retry, breaker and telemetry read what the error says.
 */
export async function readAnswer(response: WireResponse, reader: Reader, facts: ErrorFacts): Promise<unknown> {
  const { status, headers } = response;
  const succeeded = status >= 200 && status < 300;
  const { response: schema } = reader.definition.options;
  if (succeeded && (schema === 'none' || reader.definition.method === 'HEAD')) return undefined;

  const parsed = await parseBody(response, reader, facts, succeeded);
  const unwrapped = parsed.ok ? unwrap(reader.envelope, parsed.value) : undefined;
  if (!succeeded) {
    const answer = { status, retryAfter: headers['retry-after'], unwrapped };
    const rules = { errors: reader.definition.options.errors, retryStatuses: reader.definition.options.retryStatuses };
    throw classifyAnswer(answer, rules, facts, reader.wallNow());
  }
  if (status === 204 && schema === undefined) return undefined;
  if (!parsed.ok) throw new InvalidResponseError(status, [parsed.issue], facts);
  if (reader.envelope !== undefined && unwrapped === undefined) {
    throw new InvalidResponseError(status, ['the body is not in the envelope'], facts);
  }
  if (unwrapped !== undefined && !unwrapped.ok) {
    throw refusedInEnvelope({ status, retryAfter: undefined, unwrapped }, facts);
  }
  const value = unwrapped === undefined ? parsed.value : unwrapped.data;
  if (schema === undefined || schema === 'none') return value;
  const checked = await check(schema, value);
  if (!checked.ok) throw new InvalidResponseError(status, checked.issues, facts);
  return checked.value;
}

type Parsed = ReturnType<typeof parseJson>;

async function parseBody(
  response: WireResponse,
  reader: Reader,
  facts: ErrorFacts,
  succeeded: boolean,
): Promise<Parsed> {
  try {
    const encoding = response.headers['content-encoding'];
    const body =
      encoding === undefined ? response.body : await decodeBody(response.body, encoding, reader.maxBodyBytes);
    return parseJson(body, response.headers['content-type']);
  } catch (error) {
    // The body of a refusal is read for its error code alone; that it cannot be read changes nothing about the refusal.
    if (!succeeded) return { ok: false, issue: 'unreadable' };
    if (error instanceof BodyTooLarge) throw new ResponseTooLargeError(`the body has ${error.message}`, facts);
    if (error instanceof Undecodable) throw new InvalidResponseError(response.status, [error.message], facts);
    throw error;
  }
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
