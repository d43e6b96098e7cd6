/** What the module that is made already means by a name, and what TypeScript does. */
const taken = new Set(
  `z operations DomainError get head query post put patch del
  break case catch class const continue debugger default delete do else enum export extends false finally for function if
  import in instanceof new null return super switch this throw true try typeof var void while with yield let static await
  implements interface package private protected public arguments eval undefined NaN Infinity globalThis`.split(/\s+/),
);

/** Gives each thing of a module a name of its own that TypeScript takes, as near to its own as can be. */
export class Names {
  readonly #used = new Set(taken);

  /** A name for a value, such as a schema. */
  take(wished: string): string {
    const base = identifier(wished);
    let name = base;
    for (let more = 2; this.#used.has(name); more++) name = `${base}${more}`;
    this.#used.add(name);
    return name;
  }

  /** Gives one back that was not used after all. */
  release(name: string): void {
    this.#used.delete(name);
  }
}

/** The words of a name, joined as a type is named: `get-user_by id` becomes `GetUserById`. */
export function pascal(text: string): string {
  return text
    .split(/[^\p{L}\p{N}$]+/u)
    .filter((word) => word !== '')
    .map((word) => word[0]?.toUpperCase() + word.slice(1))
    .join('');
}

/** As a function is named: `GetUserById` becomes `getUserById`. */
export function camel(text: string): string {
  const words = pascal(text);
  // `URLs` is a word, `HTTPServer` begins with one.
  return words.replace(/^\p{Lu}+(?=\p{Lu}\p{Ll})|^\p{Lu}+(?=$|[^\p{L}])|^\p{Lu}/u, (start) => start.toLowerCase());
}

function identifier(text: string): string {
  if (/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(text)) return text;
  const words = pascal(text).replaceAll(/[^\p{ID_Continue}$]/gu, '');
  return /^[\p{ID_Start}$_]/u.test(words) ? words : `_${words}`;
}
