import type { ErrorFacts } from '@switchgear/policy';
import type { DomainError, ServiceAnswer } from '../contract/domain-error.ts';
import { type Checked, check, type Schema } from '../contract/schema.ts';
import { InvalidResponseError } from '../errors.ts';
import { keyText } from './batch-key.ts';
import type { Chunk } from './chunks.ts';
import { failed, missing, type Settled } from './key-outcome.ts';

/** How an answer is read: which of its items is for which key. */
export interface MatchRules {
  readonly items?: ((answer: unknown) => unknown) | undefined;
  readonly item?: Schema | undefined;
  readonly keyOf: 'position' | ((item: unknown) => unknown);
  readonly valueIn?: ((item: unknown) => unknown) | undefined;
  readonly errorIn?: ((item: unknown, answer: ServiceAnswer) => DomainError | null | undefined) | undefined;
}

/** What an answer says of the keys that were asked for, and of others. */
export interface Matched {
  /** One for every key of the chunk, by its text. */
  readonly settled: ReadonlyMap<string, Settled>;
  /** Items about what nobody had asked for. */
  readonly strangers: number;
  /** Items about what an earlier item was about. The first one stands. */
  readonly repeated: number;
}

/**
 * Finds the item of each key in an answer, by what the items say of themselves, or by their order where the contract says
 * so. An item that does not hold to its schema fails its own key and no other.
 * @throws InvalidResponseError if the answer is no list of items, or not one for each key where the order counts.
 */
export function matchAnswer(
  rules: MatchRules,
  chunk: Chunk,
  answer: unknown,
  status: number,
  facts: ErrorFacts,
): Matched | Promise<Matched> {
  const items = rules.items === undefined ? answer : rules.items(answer);
  if (!Array.isArray(items)) throw new InvalidResponseError(status, ['items: expected a list'], facts);
  if (rules.keyOf === 'position' && items.length !== chunk.keys.length) {
    const issue = `items: expected ${chunk.keys.length}, one for each key, got ${items.length}`;
    throw new InvalidResponseError(status, [issue], facts);
  }
  const read = (checked: readonly Checked[]): Matched => new Matching(rules, chunk, status, facts).read(items, checked);
  const { item } = rules;
  const checked = items.map((raw: unknown) => (item === undefined || isNone(raw) ? passed(raw) : check(item, raw)));
  return checked.some((one) => one instanceof Promise)
    ? Promise.all(checked).then(read)
    : read(checked as readonly Checked[]);
}

function passed(value: unknown): Checked {
  return { ok: true, value };
}

function isNone(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

class Matching {
  readonly #rules: MatchRules;
  readonly #chunk: Chunk;
  readonly #status: number;
  readonly #facts: ErrorFacts;
  readonly #asked: ReadonlySet<string>;
  // A Map, so that `__proto__` is a key like any other.
  readonly #settled = new Map<string, Settled>();
  #strangers = 0;
  #repeated = 0;
  /** Of an item that cannot be read, and so may be the one of any key that has no other. */
  #unreadable: InvalidResponseError | undefined;

  constructor(rules: MatchRules, chunk: Chunk, status: number, facts: ErrorFacts) {
    this.#rules = rules;
    this.#chunk = chunk;
    this.#status = status;
    this.#facts = facts;
    this.#asked = new Set(chunk.texts);
  }

  read(items: readonly unknown[], checked: readonly Checked[]): Matched {
    for (const [place, one] of checked.entries()) {
      if (one.ok) this.#take(one.value, place);
      else this.#refuse(items[place], place, one.issues);
    }
    const otherwise = this.#unreadable === undefined ? missing : failed(this.#unreadable);
    for (const text of this.#chunk.texts) if (!this.#settled.has(text)) this.#settled.set(text, otherwise);
    return { settled: this.#settled, strangers: this.#strangers, repeated: this.#repeated };
  }

  #take(item: unknown, place: number): void {
    const text = isNone(item) ? this.#textAt(place) : this.#textOf(item, place);
    if (this.#isWanted(text)) this.#settled.set(text, isNone(item) ? missing : this.#judge(item, place));
  }

  /** An item that does not hold to its schema may say all the same whose it is. */
  #refuse(raw: unknown, place: number, issues: readonly string[]): void {
    const named = issues.map((issue) => `items.${place}.${issue}`);
    const error = new InvalidResponseError(this.#status, named, this.#facts);
    let text: string | undefined;
    try {
      text = this.#textOf(raw, place);
    } catch {
      // It was made for items that hold to the schema.
    }
    if (text === undefined) this.#unreadable ??= error;
    if (this.#isWanted(text)) this.#settled.set(text, failed(error));
  }

  /** Counts what is not. */
  #isWanted(text: string | undefined): text is string {
    if (text === undefined || !this.#asked.has(text)) this.#strangers++;
    else if (this.#settled.has(text)) this.#repeated++;
    else return true;
    return false;
  }

  #textAt(place: number): string | undefined {
    return this.#rules.keyOf === 'position' ? this.#chunk.texts[place] : undefined;
  }

  #textOf(item: unknown, place: number): string | undefined {
    const { keyOf } = this.#rules;
    return keyOf === 'position' ? this.#textAt(place) : keyText(keyOf(item));
  }

  #judge(item: unknown, place: number): Settled {
    const { valueIn, errorIn } = this.#rules;
    try {
      const error = errorIn?.(item, this.#answer());
      if (!isNone(error)) return failed(error);
      const value = valueIn === undefined ? item : valueIn(item);
      return isNone(value) ? missing : { outcome: 'found', value };
    } catch (cause) {
      const known: ErrorFacts = { ...this.#facts, cause };
      const issue = `items.${place}: the code of the contract failed on it`;
      return failed(new InvalidResponseError(this.#status, [issue], known));
    }
  }

  #answer(): ServiceAnswer {
    const { target = '', operation = '', attempts = 0 } = this.#facts;
    return { target, operation, attempts, status: this.#status, serviceCode: undefined, detail: undefined };
  }
}
