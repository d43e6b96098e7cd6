import { createRequire } from 'node:module';

interface ParsedFamily {
  readonly name: string;
  readonly metrics: readonly {
    readonly labels?: Readonly<Record<string, string>>;
    readonly value: string;
  }[];
}

const parse = createRequire(import.meta.url)('parse-prometheus-text-format') as (text: string) => ParsedFamily[];

/** One line of what is scraped, as somebody else's parser reads it. */
export interface ExposedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads what is scraped. */
export function parseExposition(text: string): readonly ExposedSample[] {
  // Told that it is a histogram, this parser runs all series of one together; as plain samples they stay apart.
  return parse(text.replaceAll(/^# TYPE \S+ histogram$/gm, '')).flatMap(({ name, metrics }) =>
    metrics.map(({ labels = {}, value }) => ({ name, labels, value: Number(value) })),
  );
}

/** The value of the one sample with this name and just these labels, or `undefined` if there is none. */
export function sampleOf(
  samples: readonly ExposedSample[],
  name: string,
  labels: Readonly<Record<string, string>>,
): number | undefined {
  const wanted = JSON.stringify(Object.entries(labels).sort());
  const found = samples.filter(
    (sample) => sample.name === name && JSON.stringify(Object.entries(sample.labels).sort()) === wanted,
  );
  if (found.length > 1) throw new Error(`${name} ${wanted}: ${found.length} samples of one series`);
  return found[0]?.value;
}
