/**
 * A body as text, in the charset that its type names, UTF-8 when it names none.
 * @returns `undefined` when the charset is not known, or the bytes are not in it: nothing is replaced in silence.
 */
export function decodeText(body: Uint8Array, contentType: string | string[] | undefined): string | undefined {
  const type = typeof contentType === 'string' ? contentType.slice(0, 256) : '';
  const charset = /;\s*charset\s*=\s*"?([\w.:-]{1,40})"?/i.exec(type)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset, { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
}
