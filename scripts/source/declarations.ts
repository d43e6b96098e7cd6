import { posix } from 'node:path';
import { codeOnly } from './code-only.ts';
import type { SourceFile } from './files.ts';

/** One top-level statement of a declaration file, without its comments. */
export interface Declaration {
  readonly file: string;
  readonly text: string;
  readonly name: string;
  /** What it mentions. */
  readonly words: ReadonlySet<string>;
}

/** A name as a file knows it: declared there, or brought from elsewhere under the name it has there. */
interface Origin {
  /** A file of the package, or a module outside of it. */
  readonly from: string;
  readonly name: string;
}

interface Module {
  readonly declarations: readonly Declaration[];
  /** Names that are imported or re-exported by list. */
  readonly imported: ReadonlyMap<string, Origin>;
  readonly exported: ReadonlyMap<string, Origin>;
  /** Files that are re-exported whole. */
  readonly stars: readonly string[];
}

/** What an entry point shows: its exports, and every declaration they lead to. */
export interface EntryReport {
  /** By public name. */
  readonly exports: ReadonlyMap<string, Declaration[]>;
  /** In a stable order: by file, then as they stand there. */
  readonly declarations: readonly Declaration[];
  /** What is brought in from other packages, as `specifier: names`. */
  readonly outside: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Follows an entry point through the declaration files that the compiler emitted. */
export function reportEntry(entry: string, read: (path: string) => SourceFile): EntryReport {
  const modules = new Map<string, Module>();
  const moduleAt = (path: string): Module => {
    const known = modules.get(path) ?? parse(read(path));
    modules.set(path, known);
    return known;
  };
  const exports = new Map<string, Declaration[]>();
  const reached = new Set<Declaration>();
  const outside = new Map<string, Set<string>>();

  const follow = ({ from, name }: Origin): Declaration[] => {
    if (!isFile(from)) {
      outside.set(from, (outside.get(from) ?? new Set()).add(name));
      return [];
    }
    const { declarations, imported } = moduleAt(from);
    const own = declarations.filter((declaration) => declaration.name === name);
    if (own.length === 0) {
      const elsewhere = imported.get(name) ?? exportsOf(from, moduleAt).get(name);
      return elsewhere === undefined ? [] : follow(elsewhere);
    }
    for (const declaration of own) {
      if (reached.has(declaration)) continue;
      reached.add(declaration);
      for (const word of declaration.words) {
        const known = imported.has(word) || declarations.some((other) => other.name === word);
        if (known) follow({ from, name: word });
      }
    }
    return own;
  };
  for (const [name, origin] of exportsOf(entry, moduleAt)) exports.set(name, follow(origin));

  const files = [...new Set([...reached].map(({ file }) => file))].sort();
  const declarations = files.flatMap((file) => moduleAt(file).declarations.filter((one) => reached.has(one)));
  return { exports, declarations, outside };
}

function isFile(from: string): boolean {
  return from.endsWith('.d.ts');
}

function exportsOf(path: string, moduleAt: (path: string) => Module): Map<string, Origin> {
  const { exported, stars } = moduleAt(path);
  const all = new Map<string, Origin>();
  for (const star of stars) for (const [name, origin] of exportsOf(star, moduleAt)) all.set(name, origin);
  for (const [name, origin] of exported) all.set(name, origin);
  return all;
}

const list = /^(import|export)\s+(?:type\s+)?\{([^}]*)\}(?:\s+from\s+['"](.+?)['"])?/;
const star = /^export\s+\*\s+from\s+['"](.+?)['"]/;
const declared =
  /^(export\s+)?(?:declare\s+)?(?:abstract\s+)?(?:class|interface|type|const|let|var|function|enum)\s+([\w$]+)/;

function parse({ path, text }: SourceFile): Module {
  const declarations: Declaration[] = [];
  const imported = new Map<string, Origin>();
  const exported = new Map<string, Origin>();
  const stars: string[] = [];
  for (const statement of statementsOf(codeOnly(text, { strings: false }))) {
    const [, kind, names, specifier] = list.exec(statement) ?? [];
    const whole = star.exec(statement)?.[1];
    const [, isExported, name] = declared.exec(statement) ?? [];
    if (names !== undefined) {
      const from = specifier === undefined ? path : locate(path, specifier);
      for (const { own, theirs } of namesIn(names)) {
        (kind === 'import' ? imported : exported).set(own, { from, name: theirs });
      }
    } else if (whole !== undefined) stars.push(locate(path, whole));
    else if (name !== undefined) {
      const words = new Set(codeOnly(statement, { strings: true }).match(/[A-Za-z_$][\w$]*/g));
      declarations.push({ file: path, text: statement, name, words });
      if (isExported !== undefined) exported.set(name, { from: path, name });
    } else throw new Error(`${path}: expected a declaration, an import or an export, got ${statement}`);
  }
  return { declarations, imported, exported, stars };
}

/** `type A, B as C` as pairs of the name here and the name there. */
function namesIn(names: string): { own: string; theirs: string }[] {
  return names
    .split(',')
    .map((name) => name.trim().replace(/^type\s+/, ''))
    .filter((name) => name !== '')
    .map((name) => {
      const [theirs = '', own = theirs] = name.split(/\s+as\s+/);
      return { own, theirs };
    });
}

function locate(path: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return posix.join(posix.dirname(path), specifier).replace(/(?:\.d)?\.[jt]s$/, '.d.ts');
}

/** Cuts a file whose comments are blanked into its statements. */
function statementsOf(text: string): string[] {
  const code = codeOnly(text, { strings: true });
  const statements: string[] = [];
  let depth = 0;
  let begins = 0;
  for (let at = 0; at < code.length; at++) {
    const char = code[at] as string;
    if ('{[('.includes(char)) depth++;
    if (')]}'.includes(char)) depth--;
    if (depth > 0) continue;
    const sofar = code.slice(begins, at + 1).trim();
    const isBlock = /^(?:export\s+)?(?:declare\s+)?(?:abstract\s+)?(?:class|interface|enum|namespace)\b/.test(sofar);
    if (char !== (isBlock ? '}' : ';')) continue;
    statements.push(tidy(text.slice(begins, at + 1)));
    begins = at + 1;
  }
  return statements;
}

/** Without the lines that comments left empty, indented by two. */
function tidy(statement: string): string {
  return statement
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trimEnd().replace(/^(?: {4})+/, (indent) => ' '.repeat(indent.length / 2)))
    .join('\n')
    .trim();
}
