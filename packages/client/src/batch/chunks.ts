/** The keys of one request. */
export interface Chunk {
  /** As they are compared. */
  readonly texts: readonly string[];
  /** As they are sent, in the same order. */
  readonly keys: readonly unknown[];
}

/**
 * Deals keys out to as few requests as hold them, in their order.
 * @param distinct The keys by their text, none of which is longer than `maxKeyBytes`.
 * @param maxKeyBytes For all texts of a chunk together, with one more for what stands between two of them.
 */
export function chunksOf(distinct: ReadonlyMap<string, unknown>, maxKeys: number, maxKeyBytes: number): Chunk[] {
  const chunks: { texts: string[]; keys: unknown[] }[] = [];
  let last = { texts: [] as string[], keys: [] as unknown[] };
  let bytes = 0;
  for (const [text, key] of distinct) {
    const more = Buffer.byteLength(text);
    if (last.keys.length === 0 || last.keys.length === maxKeys || bytes + 1 + more > maxKeyBytes) {
      last = { texts: [], keys: [] };
      chunks.push(last);
      bytes = more;
    } else {
      bytes += 1 + more;
    }
    last.texts.push(text);
    last.keys.push(key);
  }
  return chunks;
}
