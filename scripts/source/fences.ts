import type { SourceFile } from './files.ts';

/** A code fence of a Markdown page. */
export interface Fence {
  readonly path: string;
  /** The line of the opening fence, from 1. */
  readonly line: number;
  /** `ts` of ` ```ts no-run `. */
  readonly language: string;
  /** The words after it. */
  readonly marks: readonly string[];
  readonly code: string;
}

/** The fences of a page, whatever their language. */
export function fencesIn({ path, text }: SourceFile): Fence[] {
  const fences: Fence[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const opening = /^( *)(`{3,}|~{3,})(.*)$/.exec(lines[at] as string);
    if (opening === null) continue;
    const [, indent = '', ticks = '', info = ''] = opening;
    const [language = '', ...marks] = info.trim().split(/\s+/);
    const begins = at + 1;
    const code: string[] = [];
    for (at++; at < lines.length && (lines[at] as string).trim() !== ticks; at++) {
      code.push((lines[at] as string).replace(indent, ''));
    }
    fences.push({ path, line: begins, language, marks, code: code.join('\n') });
  }
  return fences;
}
