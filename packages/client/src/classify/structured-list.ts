/** A text of a list, and what is said of it: the numbers among its parameters, by key. */
export interface ListedText {
  readonly text: string;
  /** Whole numbers alone. What else is said, such as a token or bytes, is read past. */
  readonly integers: ReadonlyMap<string, number>;
}

/** No list of ours is as long as this; a longer one is not looked at. */
const longest = 4_096;

/** What a parameter may be besides a whole number or a text, each of them as RFC 9651 has it. */
const otherValues = [
  /-?\d{1,12}\.\d{1,3}/y,
  /[A-Za-z*][!#$%&'*+.^_`|~\dA-Za-z:/-]*/y,
  /:[A-Za-z\d+/]*=*:/y,
  /\?[01]/y,
  /@-?\d{1,15}/y,
  /%"[\x20\x21\x23-\x7e]*"/y,
];
const integer = /-?\d{1,15}(?![\d.])/y;
const quoted = /"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y;
const key = /[a-z*][a-z\d_.*-]*/y;
const blanks = / */y;
const optionalWhitespace = /[ \t]*/y;

/**
 * Reads a list of texts with parameters, as in `"burst";r=50;t=30, "daily";r=0`, in time that grows with its length.
 * Source: RFC 9651, section 4.2.
 * @returns `undefined` for anything else, of which then nothing is taken.
 */
export function readStructuredList(header: string | string[] | undefined): readonly ListedText[] | undefined {
  // Several fields of one name are one list.
  const whole = Array.isArray(header) ? header.join(', ') : header;
  return whole === undefined || whole.length > longest ? undefined : new ListScanner(whole).list();
}

class ListScanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  list(): readonly ListedText[] | undefined {
    const members: ListedText[] = [];
    this.#take(blanks);
    for (;;) {
      const member = this.#member();
      if (member === undefined) return undefined;
      members.push(member);
      this.#take(optionalWhitespace);
      if (this.#at === this.#text.length) return members;
      if (!this.#takes(',')) return undefined;
      this.#take(optionalWhitespace);
    }
  }

  #member(): ListedText | undefined {
    const text = this.#take(quoted);
    if (text === undefined) return undefined;
    const integers = new Map<string, number>();
    while (this.#takes(';')) {
      this.#take(blanks);
      const name = this.#take(key);
      if (name === undefined) return undefined;
      // The last of several of one name holds, whatever it is.
      integers.delete(name);
      if (!this.#takes('=')) continue;
      const value = this.#take(integer);
      if (value !== undefined) integers.set(name, Number(value));
      else if (this.#take(quoted) === undefined && !otherValues.some((one) => this.#take(one) !== undefined)) {
        return undefined;
      }
    }
    return { text: text.slice(1, -1).replaceAll(/\\(["\\])/g, '$1'), integers };
  }

  #takes(sign: string): boolean {
    if (this.#text[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}
