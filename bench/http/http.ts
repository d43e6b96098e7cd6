import { type ChildProcess, fork } from 'node:child_process';
import { median } from '../policy/measure.ts';
import { contenders } from './contenders.ts';
import type { Round, RoundCost } from './runner.ts';

/** The rounds of all contenders at one number of calls in flight. */
export interface HttpTable {
  readonly inFlight: number;
  readonly rows: readonly { readonly name: string; readonly cost: RoundCost }[];
}

/** Whole calls over loopback, each contender in its own process, round by round in turn. Only one runs at a time. */
export async function httpBench(quick: boolean): Promise<readonly HttpTable[]> {
  const server = child('server.ts', []);
  const baseUrl = `http://127.0.0.1:${await said<number>(server)}`;
  const runners = contenders.map((_, i) => child('runner.ts', [String(i), baseUrl]));
  try {
    for (const runner of runners) await said(runner);
    for (const runner of runners) await ask(runner, { calls: quick ? 2_000 : 8_000, inFlight: 50 });
    const tables: HttpTable[] = [];
    for (const inFlight of [1, 50, 200]) tables.push(await table(runners, inFlight, quick));
    return tables;
  } finally {
    for (const each of [server, ...runners]) each.kill();
  }
}

async function table(runners: readonly ChildProcess[], inFlight: number, quick: boolean): Promise<HttpTable> {
  const rounds = quick ? 3 : 5;
  const calls = (quick ? 1_000 : 4_000) * (inFlight === 1 ? 1 : 2);
  const samples: RoundCost[][] = runners.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, runner] of runners.entries()) samples[i]?.push(await ask(runner, { calls, inFlight }));
  }
  return {
    inFlight,
    rows: contenders.map(({ name }, i) => ({ name, cost: medianOf(samples[i] ?? []) })),
  };
}

function medianOf(samples: readonly RoundCost[]): RoundCost {
  const of = (pick: (cost: RoundCost) => number): number => median(samples.map(pick));
  const bytes = samples.flatMap((sample) => sample.bytes ?? []);
  return {
    cpuUs: of((cost) => cost.cpuUs),
    perSecond: of((cost) => cost.perSecond),
    p50Ms: of((cost) => cost.p50Ms),
    p99Ms: of((cost) => cost.p99Ms),
    bytes: bytes.length > 0 ? median(bytes) : undefined,
  };
}

/** A table in Markdown, each row's CPU against the first one's. */
export function httpTableText({ inFlight, rows }: HttpTable): string {
  const base = rows[0]?.cost.cpuUs ?? Number.NaN;
  const lines = rows.map(({ name, cost: { cpuUs, perSecond, p50Ms, p99Ms, bytes } }) => {
    const kB = bytes === undefined ? '-' : (bytes / 1_000).toFixed(1);
    return `| ${name} | ${cpuUs.toFixed(1)} | ${(cpuUs / base).toFixed(2)} | ${Math.round(perSecond)} | ${p50Ms.toFixed(2)} | ${p99Ms.toFixed(2)} | ${kB} |`;
  });
  const head = [
    '| | CPU µs per call | × the first | calls per second | p50 ms | p99 ms | kB per call |',
    '|---|---:|---:|---:|---:|---:|---:|',
  ];
  return [`## ${inFlight} in flight`, '', ...head, ...lines, ''].join('\n');
}

/** With a young generation that holds a thousand calls of each contender, so that what they allocate can be read off. */
function child(file: string, args: readonly string[]): ChildProcess {
  const execArgv = [...process.execArgv, '--min-semi-space-size=64', '--max-semi-space-size=64'];
  return fork(new URL(file, import.meta.url), args, { execArgv });
}

async function ask(runner: ChildProcess, round: Round): Promise<RoundCost> {
  const answer = said<RoundCost>(runner);
  runner.send(round);
  return answer;
}

function said<T>(from: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const gone = (code: number | null): void =>
      reject(new Error(`${from.spawnargs.slice(-2).join(' ')} ended with ${code}`));
    from.once('exit', gone);
    from.once('message', (message) => {
      from.off('exit', gone);
      resolve(message as T);
    });
  });
}
