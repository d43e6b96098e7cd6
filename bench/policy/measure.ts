import { PerformanceObserver } from 'node:perf_hooks';

/** What one call cost, each figure the median of several interleaved rounds. */
export interface Cost {
  readonly name: string;
  readonly ns: number;
  /** Bytes allocated on the heap; undefined when a collection came between. */
  readonly bytes: number | undefined;
  /** Microseconds of garbage collection per thousand calls. */
  readonly gcUs: number;
}

export interface Run {
  readonly name: string;
  readonly call: () => Promise<unknown>;
}

export interface Shape {
  readonly calls: number;
  /** Calls under way at the same time. */
  readonly inFlight: number;
  readonly rounds: number;
}

const collections = new PerformanceObserver(() => {});
collections.observe({ entryTypes: ['gc'] });

/** Milliseconds of garbage collection since this was last asked. */
async function gcMsSince(): Promise<number> {
  // Entries arrive a turn late.
  await turn();
  await turn();
  return collections.takeRecords().reduce((sum, entry) => sum + entry.duration, 0);
}

/** Runs all of them in turn, round after round, so that a machine that slows down slows them all. */
export async function compare(runs: readonly Run[], shape: Shape): Promise<readonly Cost[]> {
  const samples = runs.map(() => ({ ns: [] as number[], bytes: [] as number[], gcUs: [] as number[] }));
  for (const { call } of runs) await drive(call, { ...shape, calls: Math.min(shape.calls, 50_000) });
  for (let round = 0; round < shape.rounds; round++) {
    for (const [i, { call }] of runs.entries()) {
      const sample = samples[i] as (typeof samples)[number];
      globalThis.gc?.();
      await gcMsSince();
      const startedAt = process.hrtime.bigint();
      await drive(call, shape);
      sample.ns.push(Number(process.hrtime.bigint() - startedAt) / shape.calls);
      sample.gcUs.push(((await gcMsSince()) * 1e3) / (shape.calls / 1e3));
      const bytes = await allocated(call, shape);
      if (bytes !== undefined) sample.bytes.push(bytes);
    }
  }
  return runs.map(({ name }, i) => {
    const { ns, bytes, gcUs } = samples[i] as (typeof samples)[number];
    return { name, ns: median(ns), bytes: bytes.length > 0 ? median(bytes) : undefined, gcUs: median(gcUs) };
  });
}

/** Few enough calls that the young generation holds them all; a collection in between spoils the sample. */
async function allocated(call: () => Promise<unknown>, shape: Shape): Promise<number | undefined> {
  const calls = 4_000;
  globalThis.gc?.();
  await gcMsSince();
  const before = process.memoryUsage().heapUsed;
  await drive(call, { ...shape, calls, inFlight: Math.min(shape.inFlight, calls) });
  const after = process.memoryUsage().heapUsed;
  return (await gcMsSince()) === 0 && after > before ? (after - before) / calls : undefined;
}

async function drive(call: () => Promise<unknown>, { calls, inFlight }: Shape): Promise<void> {
  if (inFlight === 1) {
    for (let i = 0; i < calls; i++) await call();
    return;
  }
  for (let done = 0; done < calls; done += inFlight) {
    const batch: Promise<unknown>[] = [];
    for (let i = 0; i < Math.min(inFlight, calls - done); i++) batch.push(call());
    await Promise.all(batch);
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
