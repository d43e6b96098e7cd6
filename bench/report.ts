import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** What a report is headed with, and its tables in Markdown. */
export interface Report {
  /** Put before the date in the file's name; '' for the policies. */
  readonly kind: string;
  readonly title: string;
  readonly command: string;
  readonly sections: readonly string[];
}

/** Writes `results/<kind><date>-<node>.md` and answers its path. */
export function writeReport({ kind, title, command, sections }: Report, folder: URL, today: Date): URL {
  mkdirSync(folder, { recursive: true });
  const file = new URL(`${kind}${today.toISOString().slice(0, 10)}-${process.version}.md`, folder);
  const machine = `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, Node ${process.version}, ${process.platform}`;
  const head = `# ${title}\n\n${machine}. Interleaved rounds, medians; shared machine, so read the ratios.\nMade by \`${command}\`.\n`;
  writeFileSync(file, `${head}\n${sections.join('\n')}`);
  return file;
}
