import type { ErrorFacts } from '@switchgear/policy';
import type { OperationDefinition, QueryValue } from '../contract/operation.ts';
import { type Checked, check, type Schema } from '../contract/schema.ts';
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
export function buildRequest(
  definition: OperationDefinition,
  prefix: string,
  input: Readonly<Record<string, unknown>>,
  facts: ErrorFacts,
): BuiltRequest | Promise<BuiltRequest> {
  const { path: template, options, method } = definition;
  for (const name of Object.keys(input)) {
    if (name !== 'query' && name !== 'body' && !template.names.includes(name)) {
      throw new InvalidRequestError([`${name}: not an input of this operation`], facts);
    }
  }
  const built = template.build(input);
  if (!built.ok) throw new InvalidRequestError([`${built.param} ${built.problem}`], facts);
  if (options.body === undefined && input.body !== undefined) {
    throw new InvalidRequestError(['body: this operation has none'], facts);
  }

  const finish = (query: unknown, body: unknown): BuiltRequest => ({
    method,
    path: prefix + built.path + queryString(query, facts),
    body: body === undefined ? undefined : encoder.encode(stringify(body, facts)),
  });
  // A query of which everything may be left out may be left out whole.
  const query = checkOf(options.query, input.query ?? (options.query === undefined ? undefined : {}));
  const body = checkOf(options.body, input.body);
  // Both before either is judged, so that neither's promise is left behind and the caller hears of everything at once.
  const judged = (checkedQuery: Checked, checkedBody: Checked): BuiltRequest => {
    if (checkedQuery.ok && checkedBody.ok) return finish(checkedQuery.value, checkedBody.value);
    throw new InvalidRequestError([...issuesOf('query', checkedQuery), ...issuesOf('body', checkedBody)], facts);
  };
  if (!(query instanceof Promise) && !(body instanceof Promise)) return judged(query, body);
  return Promise.all([query, body]).then(([checkedQuery, checkedBody]) => judged(checkedQuery, checkedBody));
}

function checkOf(schema: Schema | undefined, value: unknown): Checked | Promise<Checked> {
  return schema === undefined ? { ok: true, value } : check(schema, value);
}

function issuesOf(place: 'query' | 'body', checked: Checked): string[] {
  return checked.ok ? [] : checked.issues.map((issue) => `${place}.${issue}`);
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
