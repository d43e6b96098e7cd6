import { posix } from 'node:path';
import { codeOnly } from './code-only.ts';
import type { SourceFile } from './files.ts';

/** One import or re-export. */
export interface Import {
  /** The file that imports. */
  readonly from: string;
  /** As written, such as `../contract/call.ts`. */
  readonly specifier: string;
  /** The file that is meant, from the root; `undefined` when it is a package or one of Node's own. */
  readonly to: string | undefined;
  /** Whether nothing of it is left once the types are gone. `import { type A }` still loads the module. */
  readonly typeOnly: boolean;
  readonly line: number;
}

const statement = /(?<![\w$.])(import|export)\b(?:\s+(type)\b(?!\s*,|\s+from\b))?[^;'"`()=]*?\bfrom\s*(['"])(.+?)\3/g;
const bare = /(?<![\w$.])import\s*(['"])(.+?)\1/g;
const dynamic = /(?<![\w$.])(typeof\s+)?import\s*\(\s*(['"])(.+?)\2/g;

/** What a file imports, in whatever form. */
export function importsOf({ path, text }: SourceFile): Import[] {
  const code = codeOnly(text, { strings: false });
  const withoutStrings = codeOnly(text, { strings: true });
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean, at: number): void => {
    if (withoutStrings[at] === ' ') return; // An import written in a string is text.
    const to = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;
    found.push({ from: path, specifier, to, typeOnly, line: code.slice(0, at).split('\n').length });
  };
  for (const match of code.matchAll(statement)) add(match[4] as string, match[2] === 'type', match.index);
  for (const match of code.matchAll(bare)) add(match[2] as string, false, match.index);
  for (const match of code.matchAll(dynamic)) add(match[3] as string, match[1] !== undefined, match.index);
  return found.sort((a, b) => a.line - b.line);
}
