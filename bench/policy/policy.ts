import { breaker } from '@switchgear/policy';
import { breakers, type Contender, refusers, stacks, type Work } from './contenders.ts';
import { type Cost, compare, median } from './measure.ts';

const answer: Work = async () => 1;
const down = new Error('down');
const failing: Work = () => Promise.reject(down);
const reading: Work = async (signal) => signal?.aborted;

/** One table of the report. */
export interface Section {
  readonly title: string;
  readonly costs: readonly Cost[];
}

/** A breaker that has opened would refuse instead of failing: what fails is measured one call in ten, under every threshold. */
const failingSometimes = (): Work => {
  let n = 0;
  return () => (n++ % 10 === 0 ? failing() : answer());
};

const swallow = (call: () => Promise<unknown>) => () => call().catch(() => undefined);

/** The figures of the policy core, next to its peers. */
export async function policyBench(quick: boolean): Promise<readonly Section[]> {
  const rounds = quick ? 3 : 7;
  const calls = quick ? 20_000 : 100_000;
  const sections: Section[] = [];
  const table = async (
    title: string,
    contenders: readonly Contender[],
    work: () => Work,
    inFlight: number,
    most: number = calls,
  ) => {
    const runs = contenders.map(({ name, make }) => ({ name, call: swallow(make(work())) }));
    sections.push({ title, costs: await compare(runs, { calls: Math.min(calls, most), inFlight, rounds }) });
  };

  await table('Breaker alone: pass', breakers, () => answer, 1);
  // Fewer calls: one of the peers sorts all the latencies in its window at each failure.
  await table('Breaker alone: one call in ten fails', breakers, failingSometimes, 1, 10_000);
  await table('Breaker alone: refuse', refusers, () => answer, 1);
  for (const inFlight of [1, 100, 10_000]) {
    // The same for ten thousand at a time: one of the peers walks the whole queue for each.
    await table(
      `Whole stack: pass, ${inFlight} in flight`,
      stacks,
      () => answer,
      inFlight,
      inFlight > 100 ? 20_000 : calls,
    );
  }
  await table('Whole stack: the signal is read', stacks, () => reading, 1);
  sections.push(await byWindow(calls, rounds), await byKeys(quick));
  return sections;
}

/** The cost must not grow with the window. */
async function byWindow(calls: number, rounds: number): Promise<Section> {
  const runs = [100, 1_000, 10_000, 100_000].map((windowCalls) => {
    const policy = breaker({ window: 'count', windowCalls });
    return { name: `count window of ${windowCalls}`, call: () => policy.execute(answer) };
  });
  const timed = breaker();
  runs.push({ name: 'time window of 10 s', call: () => timed.execute(answer) });
  return {
    title: 'Breaker alone: cost against window size',
    costs: await compare(runs, { calls, inFlight: 1, rounds }),
  };
}

/** One breaker per key, keys visited in turn: memory per breaker, and time per call. */
async function byKeys(quick: boolean): Promise<Section> {
  const costs: Cost[] = [];
  for (const keys of quick ? [1, 1_000] : [1, 1_000, 100_000, 1_000_000]) {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    const all = Array.from({ length: keys }, () => breaker());
    globalThis.gc?.();
    const bytes = (process.memoryUsage().heapUsed - before) / keys;
    const byKey = new Map(all.map((policy, i) => [`key-${i}`, policy]));
    const names = [...byKey.keys()];
    const calls = Math.max(100_000, Math.min(keys, 200_000));
    const ns: number[] = [];
    for (let round = 0; round < 3; round++) {
      const startedAt = process.hrtime.bigint();
      // A stride that is coprime to the count visits every key before one comes twice.
      for (let i = 0; i < calls; i++) await byKey.get(names[(i * 7919) % keys] as string)?.execute(answer);
      ns.push(Number(process.hrtime.bigint() - startedAt) / calls);
    }
    costs.push({ name: `${keys} breakers, looked up by key`, ns: median(ns), bytes, gcUs: Number.NaN });
  }
  return { title: 'Breaker per key (bytes: memory of one idle breaker)', costs };
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
