import { isMap, isNode, LineCounter, parseDocument } from 'yaml';
import { ContractError } from './contract-error.ts';

/** A part of a document, and where it stands: the keys that lead to it. */
export interface Place {
  readonly at: readonly string[];
  readonly value: unknown;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** How many references may lead to one another before something is found. */
const longestChain = 32;

/** An OpenAPI document: its values, and where in the file each of them stands. */
export class ApiDocument {
  readonly root: JsonObject;
  readonly #where: (at: readonly string[]) => string;

  /**
   * Reads YAML, of which JSON is a part.
   * @param file How it is called in messages.
   * @throws ContractError if it is not one document, or does not say that it is OpenAPI 3.1 or 3.2.
   */
  constructor(text: string, file: string) {
    const lines = new LineCounter();
    // Merge keys and tags beyond JSON's are not OpenAPI's; an alias may not grow without end.
    const parsed = parseDocument(text, { lineCounter: lines, uniqueKeys: true, version: '1.2' });
    if (parsed.errors.length > 0) {
      throw new ContractError(
        parsed.errors.map((error) => {
          const { line, col } = lines.linePos(error.pos[0]);
          return `${file}:${line}:${col}: ${error.message.split('\n')[0]}`;
        }),
      );
    }
    let root: unknown;
    try {
      root = parsed.toJS({ maxAliasCount: 1_000 });
    } catch (error) {
      throw new ContractError([`${file}: ${(error as Error).message}`]);
    }
    this.#where = (at) => {
      // The nearest part that is there: what is missing has no line of its own.
      for (let length = at.length; length >= 0; length--) {
        const node = length === 0 ? parsed.contents : parsed.getIn(at.slice(0, length), true);
        const key = length === 0 ? undefined : keyNode(parsed.getIn(at.slice(0, length - 1), true), at[length - 1]);
        const start = key?.range?.[0] ?? (isNode(node) ? node.range?.[0] : undefined);
        if (start === undefined) continue;
        const { line, col } = lines.linePos(start);
        return `${file}:${line}:${col}: ${pointer(at)}`;
      }
      return `${file}: ${pointer(at)}`;
    };
    if (!isObject(root)) throw new ContractError([`${file}: expected an OpenAPI document, got ${shown(root)}`]);
    this.root = root;
    if (typeof root.openapi !== 'string' || !/^3\.[12]\.\d+/.test(root.openapi)) {
      this.fail(['openapi'], 'a version 3.1 or 3.2', root.openapi);
    }
  }

  /** Names a place for a message: file, line, column and pointer. */
  where(at: readonly string[]): string {
    return this.#where(at);
  }

  /** @throws ContractError that says where, what was expected and what came. */
  fail(at: readonly string[], expected: string, got: unknown): never {
    throw new ContractError([`${this.#where(at)}: expected ${expected}, got ${shown(got)}`]);
  }

  /** An object at a place; an empty one where there is nothing. */
  objectAt(at: readonly string[], value: unknown): JsonObject {
    if (value === undefined) return {};
    if (!isObject(value)) this.fail(at, 'an object', value);
    return value;
  }

  /** A list at a place; an empty one where there is nothing. */
  listAt(at: readonly string[], value: unknown): readonly unknown[] {
    if (value === undefined) return [];
    if (!Array.isArray(value)) this.fail(at, 'a list', value);
    return value;
  }

  /** Where a reference leads, and where what it leads to leads. Anything else is where it is. */
  resolved(place: Place): Place {
    let here = place;
    for (let steps = 0; steps < longestChain; steps++) {
      const ref = referenceIn(here.value);
      if (ref === undefined) return here;
      here = this.target(here.at, ref);
    }
    return this.fail(place.at, 'a reference that leads somewhere', 'a circle');
  }

  /** What one reference names. @throws ContractError if it is not in this document. */
  target(from: readonly string[], ref: string): Place {
    if (!ref.startsWith('#/')) {
      this.fail([...from, '$ref'], 'a reference within the document (#/…); bundle it first', ref);
    }
    const at = ref
      .slice(2)
      .split('/')
      .map((part) => decoded(part).replaceAll('~1', '/').replaceAll('~0', '~'));
    let value: unknown = this.root;
    for (const key of at) {
      const found = (isObject(value) || Array.isArray(value)) && Object.hasOwn(value, key);
      if (!found) this.fail([...from, '$ref'], 'a reference to something that is there', ref);
      value = (value as JsonObject)[key];
    }
    return { at, value };
  }
}

/** The reference that a value is, if it is one. */
export function referenceIn(value: unknown): string | undefined {
  return isObject(value) && typeof value.$ref === 'string' ? value.$ref : undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function keyNode(parent: unknown, key: string | undefined): { range?: readonly number[] | null } | undefined {
  if (!isMap(parent)) return undefined;
  const pair = parent.items.find((item) => isNode(item.key) && String(item.key) === key);
  return isNode(pair?.key) ? pair.key : undefined;
}

function pointer(at: readonly string[]): string {
  return `#${at.map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
