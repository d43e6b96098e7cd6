import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Ask, asks, type Row, table } from './table.ts';

/*
 * node --conditions=@switchgear/source packages/client/test/conformance/faults-page.ts
 * writes the table of docs/client/faults.md anew, from the one that the suite goes by.
 */

const path = join(import.meta.dirname, '../../../../docs/client/faults.md');

/** The table as Markdown, a fault per line. */
export function faultsTable(): string {
  const columns = ['Fault', 'Error', 'Sent', 'Phase', 'Breaker hears', ...asks];
  const rows = table.map((row) => {
    const error = row.code === 'ok' ? 'none' : `\`${row.code.replace('SWITCHGEAR_', '')}\``;
    return [row.fault, error, row.sent, row.phase, row.breaker, ...asks.map((how) => cell(row, how))];
  });
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cell(row: Row, how: Ask): string {
  const again = row.again === 'always' || (row.again === 'if safe' && how !== 'POST');
  if (row.code === 'ok') return 'answered';
  if (!again) return 'fails';
  return row.cured === true ? 'again, answered' : row.once === true ? 'again, once' : 'again';
}

export function faultsPage(): string {
  return readFileSync(path, 'utf8');
}

const tableOfThePage = /^\| Fault \|.*\n(?:\|.*\n)+/m;

if (import.meta.main) writeFileSync(path, faultsPage().replace(tableOfThePage, `${faultsTable()}\n`));
