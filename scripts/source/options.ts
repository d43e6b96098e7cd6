import { codeOnly } from './code-only.ts';
import type { SourceFile } from './files.ts';

/** One option, as its interface declares it. */
export interface DeclaredOption {
  readonly name: string;
  readonly optional: boolean;
  /** The text of its JSDoc, on one line, without the tags; `undefined` when it has none. */
  readonly about: string | undefined;
  /** What stands after `@default`; `undefined` when nothing does. */
  readonly default: string | undefined;
}

/** An exported interface of options. */
export interface DeclaredOptions {
  readonly name: string;
  readonly file: string;
  readonly options: readonly DeclaredOption[];
}

const heading = /\bexport\s+interface\s+(\w+Options)\b[^{]*\{/g;
const member = /(?:\breadonly\s+)?([\w$]+)(\?)?\s*[:(]/y;

/** The exported interfaces of a file whose names end in `Options`. */
export function optionsIn({ path, text }: SourceFile): DeclaredOptions[] {
  const code = codeOnly(text, { strings: true });
  return [...code.matchAll(heading)].map((match) => ({
    name: match[1] as string,
    file: path,
    options: membersOf(text, code, match.index + match[0].length),
  }));
}

/** Reads members from the opening brace on. The comments come from the text, the structure from the code. */
function membersOf(text: string, code: string, from: number): DeclaredOption[] {
  const members: DeclaredOption[] = [];
  let depth = 0;
  let memberBegins = from;
  for (let at = from; at < code.length; at++) {
    const char = code[at] as string;
    if (depth === 0 && char === '}') break;
    if ('{[(<'.includes(char)) depth++;
    else if ('}])'.includes(char) || (char === '>' && code[at - 1] !== '=')) depth--;
    else if (depth === 0 && char === ';') memberBegins = at + 1;
    else if (depth === 0 && /\S/.test(char) && code.slice(memberBegins, at).trim() === '') {
      member.lastIndex = at;
      const found = member.exec(code);
      if (found === null) continue;
      const comment = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*$/.exec(text.slice(memberBegins, at))?.[1];
      members.push({ name: found[1] as string, optional: found[2] === '?', ...readComment(comment) });
      memberBegins = at; // Whatever else stands in this member is no longer its beginning.
    }
  }
  return members;
}

function readComment(comment: string | undefined): Pick<DeclaredOption, 'about' | 'default'> {
  if (comment === undefined) return { about: undefined, default: undefined };
  const line = comment
    .replaceAll(/^\s*\*/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const [about = '', ...tags] = ` ${line}`.split(/\s+(?=@(?:default|example|see|deprecated)\b)/);
  const value = tags
    .find((tag) => tag.startsWith('@default'))
    ?.slice('@default'.length)
    .trim();
  return { about: about.trim(), default: value === '' ? undefined : value };
}

/** What a documented default says: a value, or words such as `none` where no constant can hold it. */
export type Documented = { readonly literal: true; readonly value: unknown } | { readonly literal: false };

export function documented(text: string): Documented {
  if (/^-?\d[\d_]*(?:\.\d+)?$/.test(text)) return { literal: true, value: Number(text.replaceAll('_', '')) };
  try {
    const json = text.replaceAll("'", '"').replaceAll(/(?<=\d)_(?=\d)/g, '');
    return { literal: true, value: JSON.parse(json) };
  } catch {
    return { literal: false };
  }
}

/** A default as the docs show it: `1_000` and `'time'` as code, words as words. */
export function shownDefault(text: string): string {
  if (!documented(text).literal) return text;
  return `\`${/^\d{4,}$/.test(text) ? Number(text).toLocaleString('en').replaceAll(',', '_') : text}\``;
}

/** `breakerDefaults` for `BreakerOptions`. */
export function defaultsName(optionsName: string): string {
  return `${optionsName.charAt(0).toLowerCase()}${optionsName.slice(1, -'Options'.length)}Defaults`;
}
