import { types } from 'node:util';
import { hush } from '../contract/hush.ts';

/** A value that no caller can change for another, whatever they do with what they get of it. */
export interface Kept {
  /** The value as the next caller may have it. Throws when a copy cannot be made. */
  take(): unknown;
}

/** Makes a copy that shares nothing which can change. */
export type Copy = <T>(value: T) => T;

/**
 * Keeps a value so that callers cannot reach each other through it. Plain data (objects, arrays and what needs no
 * guarding) is frozen, all the way down, once: every caller has the same, and a hit costs nothing. Dates, maps, sets and
 * binary data cannot be frozen, so each caller has a copy. `undefined` for everything else: an instance of a class comes
 * back from a copy without its methods, and a function cannot be copied at all.
 */
export function keep(value: unknown, copy: Copy | undefined): Kept | undefined {
  try {
    if (copy !== undefined) return new Copied(plainly(copy(value)), copy);
    const seen = new Set<object>();
    const kind = survey(value, seen);
    if (kind === 'neither') return undefined;
    if (kind === 'cloneable') return new Copied(structuredClone(value), structuredClone);
    for (const each of seen) Object.freeze(each);
    return new Shared(value);
  } catch {
    // A proxy that throws, a getter that does, data nested too deep to be copied.
    return undefined;
  }
}

/** Keeps an error to throw again: it is frozen, so that what one caller notes on it is not read by the next. */
export function keepError(error: unknown): Kept {
  try {
    Object.freeze(error);
  } catch {
    // Anything can be thrown, and not all of it can be frozen. Then it is kept as it is.
  }
  return new Shared(error);
}

class Shared implements Kept {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  take(): unknown {
    return this.#value;
  }
}

class Copied implements Kept {
  readonly #master: unknown;
  readonly #copy: Copy;

  constructor(master: unknown, copy: Copy) {
    this.#master = master;
    this.#copy = copy;
  }

  take(): unknown {
    return plainly(this.#copy(this.#master));
  }
}

/** A copy that is still to come is none: it would be waited for by each caller anew. */
function plainly<T>(copy: T): T {
  if (!(copy instanceof Promise)) return copy;
  hush(copy);
  throw new TypeError('a copy must not be a promise');
}

type Kind = 'plain' | 'cloneable' | 'neither';

/** Looks at everything that can be reached. Without recursion, so that deep data is no deeper than the heap. */
function survey(root: unknown, seen: Set<object>): Kind {
  let kind: Kind = 'plain';
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'function') return 'neither';
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    const own = kindOf(value);
    if (own === 'neither') return 'neither';
    if (own === 'cloneable') kind = 'cloneable';
    if (types.isMap(value)) for (const [key, held] of value) open.push(key, held);
    else if (types.isSet(value)) open.push(...value);
    // Bytes have no properties worth a look, and there may be millions.
    if (types.isTypedArray(value)) continue;
    for (const name of Reflect.ownKeys(value)) {
      const property = Reflect.getOwnPropertyDescriptor(value, name) as PropertyDescriptor;
      if ('value' in property) {
        // A copy would lose what a symbol names.
        if (typeof name === 'symbol') return 'neither';
        open.push(property.value);
      } else return 'neither';
    }
  }
  return kind;
}

/** By the length of its line of prototypes rather than by their identity, so that data of another realm is data too. */
function kindOf(value: object): Kind {
  if (types.isProxy(value)) return 'neither';
  const line = prototypesOf(value);
  if (Array.isArray(value)) return line === 2 ? 'plain' : 'neither';
  if (types.isDate(value) || types.isMap(value) || types.isSet(value) || types.isAnyArrayBuffer(value)) {
    return line === 2 && !types.isSharedArrayBuffer(value) ? 'cloneable' : 'neither';
  }
  // A Buffer has one more, and would come back from a copy as something less.
  if (types.isTypedArray(value)) return line === 3 ? 'cloneable' : 'neither';
  return line <= 1 ? 'plain' : 'neither';
}

function prototypesOf(value: object): number {
  let line = 0;
  for (let at = Object.getPrototypeOf(value); at !== null && line < 5; at = Object.getPrototypeOf(at)) line++;
  return line;
}
