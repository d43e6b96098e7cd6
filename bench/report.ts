import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import type { Cost } from './measure.ts';

/** One table of a report. */
export interface Section {
  readonly title: string;
  readonly costs: readonly Cost[];
}

/** Writes `results/<date>-<node>.md` and answers its path. */
export function writeReport(sections: readonly Section[], folder: URL, today: Date): URL {
  mkdirSync(folder, { recursive: true });
  const file = new URL(`${today.toISOString().slice(0, 10)}-${process.version}.md`, folder);
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, Node ${process.version}, ${process.platform}`;
  const head = `# What the policies cost\n\n${machine}. Interleaved rounds, medians; shared machine, so read the ratios.\nMade by \`npm run bench\`.\n`;
  writeFileSync(file, `${head}\n${sections.map(sectionText).join('\n')}`);
  return file;
}

/** A section as a Markdown table, each row against the first one. */
export function sectionText({ title, costs }: Section): string {
  const base = costs[0]?.ns ?? Number.NaN;
  const rows = costs.map(({ name, ns, bytes, gcUs }) => {
    const over = name === costs[0]?.name ? '' : `+${Math.round(ns - base)}`;
    return `| ${name} | ${Math.round(ns)} | ${over} | ${bytes === undefined ? '-' : Math.round(bytes)} | ${Number.isNaN(gcUs) ? '-' : gcUs.toFixed(0)} |`;
  });
  const head = ['| | ns per call | over the first | bytes | GC µs per 1000 calls |', '|---|---:|---:|---:|---:|'];
  return [`## ${title}`, '', ...head, ...rows, ''].join('\n');
}
