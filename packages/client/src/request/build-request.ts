import type { ErrorFacts } from '@switchgear/policy';
import type { OperationDefinition, QueryValue } from '../contract/operation.ts';
import { hasBody } from '../contract/operation-checks.ts';
import type { PathTemplate } from '../contract/path-template.ts';
import { type Checked, check, type Schema } from '../contract/schema.ts';
import { InvalidRequestError } from '../errors.ts';
import { type EncodedBody, encodeBody } from './body.ts';
import { callerHeaders } from './headers.ts';
import { scalarText } from './text.ts';
import type { Upload } from './upload.ts';

/** A request that is fixed before the first attempt, and the same in each. */
export interface BuiltRequest {
  readonly method: string;
  readonly path: string;
  readonly body: Uint8Array | Upload | undefined;
  /** The headers that its operation declares, by lower-case name, where it does. */
  readonly headers?: ReadonlyMap<string, string> | undefined;
  /** The media type of the body, where only the body knows it. */
  readonly contentType?: string | undefined;
  /** The path parameters, as they were checked. */
  readonly params?: unknown;
}

type Input = Readonly<Record<string, unknown>>;

const passed: Checked = { ok: true, value: undefined };

/**
 * Checks the input and makes the request of it, before a connection or a token is touched.
 * @param prefix The path of the base URL, without a slash at its end.
 * @param own Names of headers that only the client may set.
 * @throws InvalidRequestError naming what is wrong, by place and never by value.
 */
export function buildRequest(
  definition: OperationDefinition,
  prefix: string,
  input: Input,
  own: ReadonlySet<string>,
  facts: ErrorFacts,
): BuiltRequest | Promise<BuiltRequest> {
  const { path: template, options, method } = definition;
  for (const name of Object.keys(input)) {
    if (name !== 'query' && name !== 'body' && name !== 'headers' && !template.names.includes(name)) {
      throw new InvalidRequestError([`${name}: not an input of this operation`], facts);
    }
  }
  if (options.headers === undefined && input.headers !== undefined) {
    throw new InvalidRequestError(['headers: this operation has none; those of one call go into its settings'], facts);
  }
  if (input.body !== undefined && !hasBody(options)) {
    throw new InvalidRequestError(['body: this operation has none'], facts);
  }
  // Without a schema of the parameters, what is wrong with them is known before any schema is asked.
  const path = options.params === undefined ? segmentsOf(template, input, facts) : undefined;
  const params = options.params === undefined ? passed : check(options.params, picked(input, template.names));
  // A query of which everything may be left out may be left out whole; so may headers.
  const query = checkOf(options.query, input.query ?? (options.query === undefined ? undefined : {}));
  const headers = options.headers === undefined ? passed : check(options.headers, input.headers ?? {});
  const body = checkOf(options.body, input.body);

  const finish = (params: unknown, query: unknown, headers: unknown, body: unknown) => {
    const request = {
      method,
      path: prefix + (path ?? segmentsOf(template, Object(params), facts)) + queryString(query, facts),
      headers: options.headers === undefined ? undefined : declaredHeaders(headers, own, facts),
      params: options.params === undefined ? input : params,
    };
    const encoded = hasBody(options) ? encodeBody(options.bodyAs ?? 'json', body, facts) : none;
    return encoded instanceof Promise
      ? encoded.then((it): BuiltRequest => ({ ...request, ...it }))
      : { ...request, body: encoded.body, contentType: encoded.contentType };
  };
  // All before any is judged, so that no promise is left behind and the caller hears of everything at once.
  const judged = (p: Checked, q: Checked, h: Checked, b: Checked): BuiltRequest | Promise<BuiltRequest> => {
    if (p.ok && q.ok && h.ok && b.ok) return finish(p.value, q.value, h.value, b.value);
    const issues = [
      ...issuesOf('params', p),
      ...issuesOf('query', q),
      ...issuesOf('headers', h),
      ...issuesOf('body', b),
    ];
    throw new InvalidRequestError(issues, facts);
  };
  if (!isLater(params) && !isLater(query) && !isLater(headers) && !isLater(body)) {
    return judged(params, query, headers, body);
  }
  return Promise.all([params, query, headers, body]).then((checked) => judged(...checked));
}

const none: EncodedBody = { body: undefined };

function isLater(checked: Checked | Promise<Checked>): checked is Promise<Checked> {
  return checked instanceof Promise;
}

function checkOf(schema: Schema | undefined, value: unknown): Checked | Promise<Checked> {
  return schema === undefined ? { ok: true, value } : check(schema, value);
}

function issuesOf(place: 'params' | 'query' | 'headers' | 'body', checked: Checked): string[] {
  return checked.ok ? [] : checked.issues.map((issue) => `${place}.${issue}`);
}

function segmentsOf(template: PathTemplate, values: Input, facts: ErrorFacts): string {
  const built = template.build(values);
  if (!built.ok) throw new InvalidRequestError([`${built.param} ${built.problem}`], facts);
  return built.path;
}

/** The path parameters alone, as an object that a schema can take. */
function picked(input: Input, names: readonly string[]): Input {
  const values: Record<string, unknown> = Object.create(null);
  for (const name of names) if (Object.hasOwn(input, name)) values[name] = input[name];
  return values;
}

/** What a schema of headers let through, as text, and then held to the same rules as any caller's header. */
function declaredHeaders(headers: unknown, own: ReadonlySet<string>, facts: ErrorFacts): ReadonlyMap<string, string> {
  if (typeof headers !== 'object' || headers === null) {
    throw new InvalidRequestError(['headers: expected an object'], facts);
  }
  const texts: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || value === null) continue;
    const text = scalarText(value);
    if (text === undefined)
      throw new InvalidRequestError([`headers.${name}: expected text, a number or a flag`], facts);
    texts[name] = text;
  }
  return callerHeaders(texts, own, facts);
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
      if (!text.isWellFormed() || !name.isWellFormed())
        throw new InvalidRequestError([`query.${name.toWellFormed()}: half of a surrogate pair`], facts);
      pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(text)}`);
    }
  }
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}
