import type { WireResponse } from '../transport/transport.ts';
import type { Freshness } from './freshness.ts';

/** An answer that is kept, and for how long it holds. */
export interface Kept {
  readonly response: WireResponse;
  readonly freshness: Freshness;
}

interface Entry {
  readonly path: string;
  readonly principal: string;
  /** Undefined where the last answer was one that must not be kept. */
  readonly kept: Kept | undefined;
  /** Room that it takes, in bytes. */
  readonly bytes: number;
}

/** What an entry takes beside its body and its headers. */
const overheadBytes = 512;

/** Answers by key, within bounds of number and bytes; the one not used for longest goes first. */
export class Entries {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  /** In the order of use. */
  readonly #entries = new Map<string, Entry>();
  readonly #keysOfPath = new Map<string, Set<string>>();
  bytes = 0;

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  set(key: string, { path, principal }: Pick<Entry, 'path' | 'principal'>, kept: Kept | undefined): void {
    this.delete(key);
    const bytes = overheadBytes + key.length + path.length + (kept === undefined ? 0 : sizeOf(kept.response));
    if (bytes > this.#maxBytes) return;
    this.#entries.set(key, { path, principal, kept, bytes });
    this.bytes += bytes;
    const keys = this.#keysOfPath.get(path);
    if (keys === undefined) this.#keysOfPath.set(path, new Set([key]));
    else keys.add(key);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries && this.bytes <= this.#maxBytes) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.bytes -= entry.bytes;
    const keys = this.#keysOfPath.get(entry.path);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysOfPath.delete(entry.path);
  }

  /** @param principal For whom; everybody where none is named. */
  deletePath(path: string, principal: string | undefined): void {
    for (const key of [...(this.#keysOfPath.get(path) ?? [])]) {
      if (principal === undefined || this.#entries.get(key)?.principal === principal) this.delete(key);
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#keysOfPath.clear();
    this.bytes = 0;
  }
}

function sizeOf({ headers, body }: WireResponse): number {
  let bytes = body.length;
  for (const [name, value] of Object.entries(headers)) bytes += name.length + String(value ?? '').length;
  return bytes;
}
