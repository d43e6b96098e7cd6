import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Reason, reasons } from './reasons.ts';

interface Position {
  readonly line: number;
  readonly column: number;
}

interface Mutant {
  readonly id: string;
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly status: string;
  readonly statusReason?: string;
  readonly location: { readonly start: Position; readonly end: Position };
}

interface Result {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

interface Survivor {
  readonly file: string;
  readonly at: string;
  readonly line: string;
  readonly from: string;
  readonly to: string;
  readonly status: string;
  readonly why: string | undefined;
}

interface Counts {
  killed: number;
  timeout: number;
  survived: number;
  uncovered: number;
  invalid: number;
}

/**
 * Writes the report of the last runs, once there is one of every folder; answers whether every survivor has a reason and
 * every reason a survivor.
 */
export function reportOn(results: string, wanted: readonly string[], file: string): boolean {
  const rows: string[] = [];
  const survivors: Survivor[] = [];
  const used = new Set<Reason>();
  const total = noCounts();
  const folders = readdirSync(results).filter((name) => name.endsWith('.json'));
  const missing = wanted.filter((folder) => !folders.includes(`${folder}.json`));
  for (const name of folders.sort()) {
    const { files } = JSON.parse(readFileSync(join(results, name), 'utf8')) as Result;
    const ofFolder = noCounts();
    const ofFiles: string[] = [];
    for (const [path, { source, mutants }] of Object.entries(files)) {
      const counts = noCounts();
      for (const mutant of mutants) {
        count(mutant, counts);
        if (mutant.status !== 'Survived' && mutant.status !== 'NoCoverage') continue;
        survivors.push(survivorOf(path.replace('packages/policy/src/', ''), source, mutant, used));
      }
      if (mutants.length > 0) ofFiles.push(row(path.split('/').at(-1) ?? path, counts));
      add(counts, ofFolder);
    }
    rows.push(row(`**${name.replace('.json', '')}**`, ofFolder), ...ofFiles);
    add(ofFolder, total);
  }
  const idle = reasons.filter((reason) => !used.has(reason) && folders.includes(`${reason.file.split('/')[0]}.json`));
  const unexplained = survivors.filter(({ why }) => why === undefined);
  if (missing.length === 0) writeFileSync(file, textOf(rows, total, survivors));
  else console.error(`${file} stays as it is: no run here yet of ${missing.join(', ')}`);
  for (const { file: path, line } of idle) console.error(`no survivor for the reason of ${path}: ${line}`);
  for (const { file: path, at, from, to } of unexplained) console.error(`${path}:${at}: ${from} → ${to}`);
  console.log(`${score(total)} %; ${survivors.length} survivors, ${unexplained.length} without a reason`);
  return idle.length === 0 && unexplained.length === 0;
}

function survivorOf(file: string, source: string, mutant: Mutant, used: Set<Reason>): Survivor {
  const { start, end } = mutant.location;
  const lines = source.split('\n');
  const line = (lines[start.line - 1] ?? '').trim();
  const from = flat(textBetween(lines, start, end));
  const to = flat(mutant.replacement ?? '');
  const reason = reasons.find(
    (one) =>
      one.file === file &&
      line.includes(one.line) &&
      (one.from === undefined || one.from === from) &&
      (one.to === undefined || one.to === to),
  );
  if (reason !== undefined) used.add(reason);
  return { file, at: `${start.line}:${start.column}`, line, from, to, status: mutant.status, why: reason?.why };
}

function textBetween(lines: readonly string[], start: Position, end: Position): string {
  const inside = lines.slice(start.line - 1, end.line);
  const last = inside.length - 1;
  inside[last] = (inside[last] ?? '').slice(0, end.column - 1);
  inside[0] = (inside[0] ?? '').slice(start.column - 1);
  return inside.join('\n');
}

/** On one line and of a length that can be read. */
function flat(text: string): string {
  const one = text.replaceAll(/\s+/g, ' ').trim();
  return one.length <= 100 ? one : `${one.slice(0, 60)} … ${one.slice(-30)}`;
}

function noCounts(): Counts {
  return { killed: 0, timeout: 0, survived: 0, uncovered: 0, invalid: 0 };
}

function count({ status }: Mutant, counts: Counts): void {
  if (status === 'Killed') counts.killed++;
  else if (status === 'Timeout') counts.timeout++;
  else if (status === 'Survived') counts.survived++;
  else if (status === 'NoCoverage') counts.uncovered++;
  else counts.invalid++;
}

function add(some: Counts, sum: Counts): void {
  sum.killed += some.killed;
  sum.timeout += some.timeout;
  sum.survived += some.survived;
  sum.uncovered += some.uncovered;
  sum.invalid += some.invalid;
}

function score({ killed, timeout, survived, uncovered }: Counts): string {
  const all = killed + timeout + survived + uncovered;
  // Rounded down, so that no score claims more than it is.
  return all === 0 ? '–' : (Math.floor(((killed + timeout) / all) * 1_000) / 10).toFixed(1);
}

function row(name: string, counts: Counts): string {
  const { killed, timeout, survived, uncovered, invalid } = counts;
  const all = killed + timeout + survived + uncovered + invalid;
  return `| ${[name, all, killed, timeout, survived, uncovered, invalid, score(counts)].join(' | ')} |`;
}

function textOf(rows: readonly string[], total: Counts, survivors: readonly Survivor[]): string {
  const files = [...new Set(survivors.map(({ file }) => file))];
  const lists = files.map((file) =>
    [`### ${file}`, '', ...survivors.filter((one) => one.file === file).map(entry), ''].join('\n'),
  );
  return [
    '# Mutation report of the policy core',
    '',
    'Written by `npm run mutation`; [README.md](README.md) says how it comes about. A mutant is *killed* when a test fails',
    'with it, *timeout* when it makes a test run for ever, *uncovered* when no test reaches it, and *invalid* when it could',
    'not be run. The score is killed and timeout over all that could be run.',
    '',
    '| | mutants | killed | timeout | survived | uncovered | invalid | score % |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    row('**all**', total),
    ...rows,
    '',
    '## Survivors',
    '',
    ...lists,
  ].join('\n');
}

function entry({ at, from, to, status, why }: Survivor): string {
  const uncovered = status === 'NoCoverage' ? ' (uncovered)' : '';
  return `- ${at}: ${code(from)} → ${code(to)}${uncovered}. ${why ?? '**No reason yet.**'}`;
}

/** As code in Markdown, also when it holds backticks. */
function code(text: string): string {
  if (text === '') return 'nothing';
  const fence = text.includes('`') ? '``' : '`';
  return `${fence}${fence === '``' ? ` ${text} ` : text}${fence}`;
}
