import type { ErrorFacts } from '@switchgear/policy';
import { type Checked, check, type Schema } from '../contract/schema.ts';
import { InvalidRequestError } from '../errors.ts';
import { keyText } from './batch-key.ts';

/** A key that a caller asked for: the text that it is sent and compared as, or what is wrong with it. */
export type AskedKey =
  | { readonly key: unknown; readonly text: string }
  | { readonly key: unknown; readonly error: InvalidRequestError };

/** The keys of one call. */
export interface AskedKeys {
  /** Each as often as it was asked for, in that order. */
  readonly asked: readonly AskedKey[];
  /** What is sent, each once, by its text. A Map, so that `__proto__` is a key like any other. */
  readonly distinct: ReadonlyMap<string, unknown>;
}

/** What a key has to be. */
export interface KeyRules {
  readonly key?: Schema | undefined;
  readonly maxKeyBytes: number;
}

/**
 * Checks the keys of a call, each by itself: one that is none fails alone, and is not sent.
 * @throws InvalidRequestError if they are no list.
 */
export function readKeys(rules: KeyRules, keys: unknown, facts: ErrorFacts): AskedKeys | Promise<AskedKeys> {
  if (!Array.isArray(keys)) throw new InvalidRequestError(['keys: expected a list'], facts);
  // Not `map`, which leaves the holes of a list out.
  const checked = Array.from(keys, (key) => checkKey(rules.key, key));
  const read = (all: readonly Checked[]): AskedKeys => {
    const distinct = new Map<string, unknown>();
    const asked = all.map((one, place): AskedKey => {
      const key: unknown = keys[place];
      const { text, issues } = readKey(rules, one);
      if (text === undefined) {
        const named = issues.map((issue) => `keys.${place}: ${issue}`);
        return { key, error: new InvalidRequestError(named, facts) };
      }
      if (!distinct.has(text)) distinct.set(text, one.ok ? one.value : key);
      return { key, text };
    });
    return { asked, distinct };
  };
  return checked.some((one) => one instanceof Promise)
    ? Promise.all(checked).then(read)
    : read(checked as readonly Checked[]);
}

/** One key, as its schema lets it through. */
export function checkKey(schema: Schema | undefined, key: unknown): Checked | Promise<Checked> {
  return schema === undefined ? { ok: true, value: key } : check(schema, key);
}

/** The text of a key that was let through, or where it is wrong. */
export function readKey(
  { maxKeyBytes }: KeyRules,
  checked: Checked,
): { readonly text?: string; readonly issues: readonly string[] } {
  if (!checked.ok) return { issues: checked.issues };
  const text = keyText(checked.value);
  if (text === undefined) return { issues: ['expected a text or a number'] };
  if (Buffer.byteLength(text) > maxKeyBytes) return { issues: [`longer than ${maxKeyBytes} bytes`] };
  return { text, issues: [] };
}
