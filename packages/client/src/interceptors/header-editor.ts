import { headerProblem } from '../request/headers.ts';

/** Sets headers of what is about to be sent, by the rules that hold for a caller's own. */
export interface HeaderEditor {
  /** What will be sent as things stand; not of what the client adds itself later: its token, its trace, its deadline. */
  get(name: string): string | undefined;
  /**
   * Sets a header, in place of one of the same name.
   * @throws TypeError if it is none that can be sent, is the client's own, or the hook has ended.
   */
  set(name: string, value: string): void;
  /** Leaves a header out. @throws TypeError if it is the client's own, or the hook has ended. */
  delete(name: string): void;
}

/** Headers when all hooks have had their say. */
export interface HeaderChanges {
  /** Names and values in turn. */
  readonly list: readonly string[];
  /** What the hooks have made of them, by lower-case name; `undefined` for one that they left out. */
  readonly changes: ReadonlyMap<string, string | undefined>;
}

/** Headers, names and values in turn, as one hook after the other changes them. */
export class EditedHeaders implements HeaderEditor, HeaderChanges {
  readonly #headers: string[];
  readonly #own: ReadonlySet<string>;
  readonly #changes = new Map<string, string | undefined>();
  #closed = false;

  /** @param own Names that only the client may set, besides those that are its business everywhere. */
  constructor(headers: readonly string[], own: ReadonlySet<string>) {
    this.#headers = [...headers];
    this.#own = own;
  }

  get(name: string): string | undefined {
    const at = this.#find(String(name).toLowerCase());
    return at < 0 ? undefined : this.#headers[at + 1];
  }

  set(name: string, value: string): void {
    this.#check(name, value);
    const lower = name.toLowerCase();
    const at = this.#find(lower);
    this.#changes.set(lower, value);
    if (at < 0) this.#headers.push(lower, value);
    else this.#headers[at + 1] = value;
  }

  delete(name: string): void {
    this.#check(name, '');
    const lower = name.toLowerCase();
    const at = this.#find(lower);
    this.#changes.set(lower, undefined);
    if (at >= 0) this.#headers.splice(at, 2);
  }

  /** No hook may change them any more: one that was not waited for may still be running. */
  close(): void {
    this.#closed = true;
  }

  get list(): readonly string[] {
    return this.#headers;
  }

  get changes(): ReadonlyMap<string, string | undefined> {
    return this.#changes;
  }

  #find(lower: string): number {
    for (let at = 0; at < this.#headers.length; at += 2) if (this.#headers[at] === lower) return at;
    return -1;
  }

  #check(name: string, value: string): void {
    if (this.#closed) throw new TypeError('headers can be changed until the hook has ended, and no longer');
    const problem =
      typeof name !== 'string'
        ? 'header: expected a name'
        : this.#own.has(name.toLowerCase())
          ? `header ${name}: set by the client itself`
          : headerProblem(name, value);
    if (problem !== undefined) throw new TypeError(problem);
  }
}
