import type { SourceFile } from './files.ts';

/** A table of a Markdown page. */
export interface Table {
  readonly path: string;
  readonly line: number;
  readonly columns: readonly string[];
  /** Cells by column name, trimmed, as written. */
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/** The tables of a page, those inside code fences left out. */
export function tablesIn({ path, text }: SourceFile): Table[] {
  const tables: Table[] = [];
  let fenced = false;
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string;
    if (/^\s*(?:```|~~~)/.test(line)) fenced = !fenced;
    if (fenced || !line.startsWith('|') || !/^\|[\s:|-]+\|\s*$/.test(lines[at + 1] ?? '')) continue;
    const columns = cellsOf(line);
    const rows: Record<string, string>[] = [];
    const begins = at + 1;
    for (at += 2; lines[at]?.startsWith('|'); at++) {
      const cells = cellsOf(lines[at] as string);
      rows.push(Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? ''])));
    }
    tables.push({ path, line: begins, columns, rows });
  }
  return tables;
}

function cellsOf(line: string): string[] {
  return line
    .trim()
    .replace(/^\|/, '')
    .replace(/\|$/, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/** What stands between backticks when that is the whole cell, or the cell itself. */
export function plain(cell: string | undefined): string {
  return /^`([^`]*)`$/.exec(cell ?? '')?.[1] ?? cell ?? '';
}
