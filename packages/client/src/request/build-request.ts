import type { ErrorFacts } from '@switchgear/policy';
import type { OperationDefinition, QueryValue } from '../contract/operation.ts';
import { check } from '../contract/schema.ts';
import { InvalidRequestError } from '../errors.ts';

/** A request that is fixed before the first attempt, and the same in each. */
export interface BuiltRequest {
  readonly method: string;
  readonly path: string;
  readonly body: Uint8Array | undefined;
}

const encoder = new TextEncoder();

/**
 * Checks the input and makes the request of it, before a connection or a token is touched.
 * @param prefix The path of the base URL, without a slash at its end.
 * @throws InvalidRequestError naming what is wrong, by place and never by value.
 */
export async function buildRequest(
  definition: OperationDefinition,
  prefix: string,
  input: Readonly<Record<string, unknown>>,
  facts: ErrorFacts,
): Promise<BuiltRequest> {
  const { path: template, options, method } = definition;
  for (const name of Object.keys(input)) {
    if (name !== 'query' && name !== 'body' && !template.names.includes(name)) {
      throw new InvalidRequestError([`${name}: not an input of this operation`], facts);
    }
  }
  const built = template.build(input);
  if (!built.ok) throw new InvalidRequestError([`${built.param} ${built.problem}`], facts);

  const query = await checked('query', options.query, input.query, facts);
  const body = await checked('body', options.body, input.body, facts);
  if (options.body === undefined && body !== undefined) {
    throw new InvalidRequestError(['body: this operation has none'], facts);
  }
  const path = prefix + built.path + queryString(query, facts);
  return { method, path, body: body === undefined ? undefined : encoder.encode(stringify(body, facts)) };
}

async function checked(
  place: 'query' | 'body',
  schema: OperationDefinition['options']['query'],
  value: unknown,
  facts: ErrorFacts,
): Promise<unknown> {
  if (schema === undefined) return value;
  const result = await check(schema, value);
  if (!result.ok)
    throw new InvalidRequestError(
      result.issues.map((issue) => `${place}.${issue}`),
      facts,
    );
  return result.value;
}

function queryString(query: unknown, facts: ErrorFacts): string {
  if (query === undefined) return '';
  if (typeof query !== 'object' || query === null) throw new InvalidRequestError(['query: expected an object'], facts);
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(query as Record<string, QueryValue>)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each === undefined || each === null) continue;
      if (typeof each === 'object' || typeof each === 'function' || typeof each === 'symbol') {
        throw new InvalidRequestError([`query.${name}: expected text, a number or a flag`], facts);
      }
      const text = String(each);
      if (!text.isWellFormed()) throw new InvalidRequestError([`query.${name}: half of a surrogate pair`], facts);
      pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(text)}`);
    }
  }
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function stringify(body: unknown, facts: ErrorFacts): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(body);
  } catch {
    throw new InvalidRequestError(['body: cannot be written as JSON'], facts);
  }
  if (json === undefined) throw new InvalidRequestError(['body: cannot be written as JSON'], facts);
  return json;
}
