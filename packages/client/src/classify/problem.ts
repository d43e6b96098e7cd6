/**
 * What went wrong, in the service's own words, as RFC 9457 has it. They may name people: for handlers, not for logs.
 * Only `type` and `title` are the same for all problems of a kind, and only they are shown by errors.
 */
export interface ProblemDetails {
  /** What kind of problem it is, a URI. */
  readonly type: string;
  readonly title: string | undefined;
  /** The status as the body has it; that of the answer is the one that counts. */
  readonly status: number | undefined;
  readonly detail: string | undefined;
  readonly instance: string | undefined;
  /** Whatever else the body has, by name. It has no prototype. */
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** A larger one is no description of a problem. */
const maxBytes = 64 * 1024;
const maxExtensions = 32;
const longestText = 4_096;
const longestTitle = 120;

const known: ReadonlySet<string> = new Set(['type', 'title', 'status', 'detail', 'instance', '__proto__']);

/**
 * Reads problem details out of a JSON body. A member of the wrong type counts as left out, as the RFC asks.
 * @returns `undefined` if the content type does not say that it is one, or the body is no object.
 */
export function readProblem(
  body: unknown,
  contentType: string | string[] | undefined,
  bytes: number,
): ProblemDetails | undefined {
  if (typeof contentType !== 'string' || bytes > maxBytes) return undefined;
  if (contentType.split(';', 1)[0]?.trim().toLowerCase() !== 'application/problem+json') return undefined;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return undefined;
  const member = (name: string): unknown => (Object.hasOwn(body, name) ? Reflect.get(body, name) : undefined);
  const status = member('status');
  const extensions: Record<string, unknown> = Object.create(null);
  const others = Object.entries(body).filter(([name]) => !known.has(name));
  for (const [name, value] of others.slice(0, maxExtensions)) extensions[name] = value;
  return Object.freeze({
    type: text(member('type'), longestText) ?? 'about:blank',
    title: text(member('title'), longestTitle),
    status: Number.isInteger(status) ? (status as number) : undefined,
    detail: text(member('detail'), longestText),
    instance: text(member('instance'), longestText),
    extensions,
  });
}

/** The kind of a problem without what could be about this one: a query, a fragment, credentials. */
export function problemKind({ type }: ProblemDetails): string {
  const plain = type.replace(/[?#].*$/s, '').replace(/^([a-z][a-z\d+.-]*:\/\/)[^/]*@/i, '$1');
  return plain.slice(0, longestTitle);
}

/** One line of a known length. */
function text(value: unknown, longest: number): string | undefined {
  if (typeof value !== 'string') return undefined;
  const line = value.slice(0, longest).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ');
  return line.trim() === '' ? undefined : line;
}
