/** What became of one key of a batch. */
export type KeyOutcome<K, V> =
  | { readonly outcome: 'found'; readonly key: K; readonly value: V }
  /** The service answered, and has nothing for this key. */
  | { readonly outcome: 'missing'; readonly key: K }
  /** It is not known whether there is anything: the request with this key failed, or the service said no to this key. */
  | { readonly outcome: 'failed'; readonly key: K; readonly error: unknown };

/** The same, of a key that stands for all who asked for it. */
export type Settled =
  | { readonly outcome: 'found'; readonly value: unknown }
  | { readonly outcome: 'missing' }
  | { readonly outcome: 'failed'; readonly error: unknown };

export const missing: Settled = Object.freeze({ outcome: 'missing' });

export function failed(error: unknown): Settled {
  return { outcome: 'failed', error };
}
