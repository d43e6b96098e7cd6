/** Ids that could not be looked up, and why. */
export interface BatchFailure {
  readonly ids: readonly number[];
  readonly error: unknown;
}

/** What became of every id that was asked for: each is in exactly one of the three. */
export interface BatchResult<T> {
  /** In the order asked, each once. */
  readonly found: readonly T[];
  /** Ids that the other side does not know, in the order asked. */
  readonly missing: readonly number[];
  /** One entry per chunk that failed. */
  readonly failures: readonly BatchFailure[];
}

export interface BatchOptions {
  /** The most ids of one request. */
  readonly chunkSize: number;
  /** The most requests at once: enough to hide their latency, too few to crowd out everybody else's calls. */
  readonly concurrency: number;
}

/**
 * Looks up many ids in chunks. An id asked twice is looked up once; a chunk that fails fails alone, and what the others
 * found is kept; without ids nothing is sent. Never rejects.
 */
export async function lookUpInChunks<T extends { readonly id: number }>(
  ids: readonly number[],
  lookUp: (chunk: readonly number[]) => Promise<readonly T[]>,
  { chunkSize, concurrency }: BatchOptions,
): Promise<BatchResult<T>> {
  const asked = [...new Set(ids)];
  const chunks = chunksOf(asked, chunkSize);
  const byId = new Map<number, T>();
  const failed: { readonly place: number; readonly failure: BatchFailure }[] = [];

  let next = 0;
  const worker = async (): Promise<void> => {
    for (let place = next++; place < chunks.length; place = next++) {
      const chunk = chunks[place] ?? [];
      try {
        for (const one of await lookUp(chunk)) byId.set(one.id, one);
      } catch (error) {
        failed.push({ place, failure: { ids: chunk, error } });
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, chunks.length) }, worker));

  const failedIds = new Set(failed.flatMap(({ failure }) => failure.ids));
  return {
    found: asked.flatMap((id) => (failedIds.has(id) ? [] : (byId.get(id) ?? []))),
    missing: asked.filter((id) => !(byId.has(id) || failedIds.has(id))),
    failures: failed.sort((a, b) => a.place - b.place).map(({ failure }) => failure),
  };
}

function chunksOf(ids: readonly number[], size: number): readonly (readonly number[])[] {
  return Array.from({ length: Math.ceil(ids.length / size) }, (_, index) =>
    ids.slice(index * size, (index + 1) * size),
  );
}
