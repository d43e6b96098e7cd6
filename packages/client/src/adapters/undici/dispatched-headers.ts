/** One header, or what undici takes for several of one name. */
type Pair = readonly [name: unknown, value: unknown];

/** The pairs of headers in any of the forms that undici takes: flat list, object, iterable of pairs. */
function* pairsOf(headers: unknown): Generator<Pair> {
  if (Array.isArray(headers)) {
    for (let i = 0; i + 1 < headers.length; i += 2) yield [headers[i], headers[i + 1]];
  } else if (isIterable(headers)) {
    for (const pair of headers) if (Array.isArray(pair)) yield [pair[0], pair[1]];
  } else if (typeof headers === 'object' && headers !== null) {
    yield* Object.entries(headers);
  }
}

function isIterable(headers: unknown): headers is Iterable<unknown> {
  return typeof headers === 'object' && headers !== null && typeof Reflect.get(headers, Symbol.iterator) === 'function';
}

/** Whether a header is among them, with a value. @param name In lower case. */
export function hasHeader(headers: unknown, name: string): boolean {
  for (const [each, value] of pairsOf(headers)) {
    if (String(each).toLowerCase() === name && value !== undefined && value !== null && value !== '') return true;
  }
  return false;
}

/** The headers with one more, unless it is there. Those that were given stay as they are. */
export function withHeader(headers: unknown, name: string, value: string): unknown {
  if (hasHeader(headers, name)) return headers;
  if (Array.isArray(headers)) return [...headers, name, value];
  if (isIterable(headers)) return [...[...pairsOf(headers)].flat(), name, value];
  return { ...(headers as object | null | undefined), [name]: value };
}
