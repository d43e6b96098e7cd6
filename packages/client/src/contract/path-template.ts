import { ConfigError } from '@switchgear/policy';
import { holdsDotSegment, isDotSegment } from './dot-segments.ts';

/** What a path parameter may be. It becomes one segment, encoded; it can be nothing else. */
export type PathValue = string | number | bigint;

/** The parameter names of a template: `/users/{userId}` has `userId`. */
export type PathNames<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PathNames<Rest>
  : never;

/** What is wrong with a parameter, or the path that came of it. */
export type BuiltPath =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly param: string; readonly problem: string };

/** A path with holes, checked when made. */
export interface PathTemplate {
  /** As written: the label of metrics and the name in errors. Never a path with values in it. */
  readonly template: string;
  readonly names: readonly string[];
  build(values: Readonly<Record<string, unknown>>): BuiltPath;
}

/**
 * Reads a template such as `/users/{userId}/orders`. A parameter fills exactly one whole segment, so no value can
 * change where the request goes.
 * @throws ConfigError if it is not absolute, or a segment is empty, a dot segment, or partly a parameter.
 */
export function pathTemplate(template: string): PathTemplate {
  const wrong = (expected: string): never => {
    throw new ConfigError('path', expected, template);
  };
  if (typeof template !== 'string' || !template.startsWith('/')) wrong('a path that begins with /');
  const segments = template.slice(1).split('/');
  const names: string[] = [];
  for (const [i, segment] of segments.entries()) {
    const last = i === segments.length - 1;
    if (segment === '' && !(last && segments.length > 1) && template !== '/') wrong('a path without empty segments');
    const name = /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(segment)?.[1];
    if (name !== undefined) {
      if (names.includes(name)) wrong(`each parameter once; {${name}} stands twice`);
      if (name === 'body' || name === 'query' || name === 'headers')
        wrong(`a parameter not called ${name}, which is taken`);
      names.push(name);
    } else if (!/^[A-Za-z0-9\-._~!$&'()*+,;=:@]*$/.test(segment)) {
      wrong('literal segments of unreserved characters, or a whole segment in braces');
    } else if (segment === '.' || segment === '..') {
      wrong('a path without dot segments');
    }
  }

  return {
    template,
    names,
    build(values) {
      let path = '';
      for (const segment of segments) {
        if (!segment.startsWith('{')) {
          path += `/${segment}`;
          continue;
        }
        const param = segment.slice(1, -1);
        const encoded = encodeSegment(Object.hasOwn(values, param) ? values[param] : undefined);
        if (!encoded.ok) return { ok: false, param, problem: encoded.problem };
        path += `/${encoded.segment}`;
      }
      return { ok: true, path };
    },
  };
}

type EncodedSegment =
  | { readonly ok: true; readonly segment: string }
  | { readonly ok: false; readonly problem: string };

/** One value as one segment. Whatever could be read as a way up, a new segment or nothing at all is refused, not mended. */
function encodeSegment(value: unknown): EncodedSegment {
  if (typeof value === 'number' && !Number.isFinite(value)) return { ok: false, problem: 'is not a finite number' };
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') {
    return { ok: false, problem: `is ${value === undefined ? 'missing' : `of type ${typeof value}`}` };
  }
  const text = String(value);
  if (text === '') return { ok: false, problem: 'is empty' };
  if (!text.isWellFormed()) return { ok: false, problem: 'has half of a surrogate pair' };
  if (isDotSegment(text)) return { ok: false, problem: 'is a dot segment' };
  if (holdsDotSegment(text)) return { ok: false, problem: 'holds a dot segment' };
  // A control character never belongs in an identifier, and some servers cut a path at one.
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return { ok: false, problem: 'holds a control character' };
  }
  return { ok: true, segment: encodeURIComponent(text) };
}
