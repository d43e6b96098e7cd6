import { globSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** The folder of the repository. */
export const root: string = join(import.meta.dirname, '..', '..');

/** A file of the repository; tests make up their own. */
export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

const notOurs = new Set(['node_modules', 'dist', '.git', '.cache', '.data', 'coverage']);

/** The files that match, in a stable order, without what is installed, built or cached. */
export function filesMatching(...patterns: readonly string[]): SourceFile[] {
  const found = globSync([...patterns], { cwd: root, exclude: (name) => notOurs.has(name.split(sep).at(-1) ?? '') });
  return [...new Set(found)]
    .map((path) => path.split(sep).join('/'))
    .sort()
    .map(readSource);
}

/** One file, by its path from the root. */
export function readSource(path: string): SourceFile {
  return { path, text: readFileSync(join(root, path), 'utf8') };
}

/** A path from the root, with forward slashes. */
export function fromRoot(path: string): string {
  return relative(root, path).split(sep).join('/');
}
