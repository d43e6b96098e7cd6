const utf8 = new TextDecoder('utf-8', { fatal: true });

/** JSON, or what is wrong with it, in words that repeat none of it. */
export type ParsedJson =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly issue: string };

/** Reads a JSON body. The content type must say JSON: an HTML page of some proxy must not pass for an answer. */
export function parseJson(body: Uint8Array, contentType: string | string[] | undefined): ParsedJson {
  if (body.length === 0) return { ok: false, issue: 'the body is empty' };
  if (typeof contentType !== 'string' || !isJson(contentType)) {
    const kind =
      typeof contentType === 'string' ? (/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+/.exec(contentType)?.[0] ?? '?') : 'none';
    return { ok: false, issue: `content-type: expected JSON, got ${kind.slice(0, 60)}` };
  }
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    return { ok: false, issue: 'the body is not UTF-8' };
  }
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, issue: `the body is not JSON (${body.length} bytes)` };
  }
}

function isJson(contentType: string): boolean {
  const mime = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return mime === 'application/json' || mime === 'text/json' || mime.endsWith('+json');
}
