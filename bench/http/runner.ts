import { median } from '../policy/measure.ts';
import { contenders } from './contenders.ts';

/** What the parent asks for. */
export interface Round {
  readonly calls: number;
  readonly inFlight: number;
}

/** What one round of one contender took. */
export interface RoundCost {
  /** Of this process, user and system, per call. */
  readonly cpuUs: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Allocated on the heap per call; undefined when a collection came between. */
  readonly bytes: number | undefined;
}

// One contender, in its own process: `runner.ts <index> <baseUrl>`. It does a round whenever it is told to.
const [, , index = '', baseUrl = ''] = process.argv;
const contender = contenders[Number(index)];
if (contender === undefined) throw new RangeError(`contender: expected 0 to ${contenders.length - 1}, got ${index}`);
const fetchUser = await contender.open(baseUrl);

process.on('message', (round: Round) => void measured(round).then((cost) => process.send?.(cost)));
process.on('disconnect', () => process.exit(0));
process.send?.('ready');

async function measured({ calls, inFlight }: Round): Promise<RoundCost> {
  globalThis.gc?.();
  const latencies: number[] = [];
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await drive(calls, inFlight, latencies);
  const tookMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  return {
    cpuUs: (user + system) / calls,
    perSecond: (calls / tookMs) * 1_000,
    p50Ms: median(latencies),
    p99Ms: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
    bytes: await allocated(inFlight),
  };
}

/** So many at any time, each beginning when one ends. */
async function drive(calls: number, inFlight: number, latencies: number[]): Promise<void> {
  let left = calls;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      const id = left--;
      const startedAt = performance.now();
      await fetchUser(id);
      latencies.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

/** Few enough calls that the young generation holds them all. */
async function allocated(inFlight: number): Promise<number | undefined> {
  const calls = 1_000;
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  await drive(calls, inFlight, []);
  const grown = process.memoryUsage().heapUsed - before;
  return grown > 0 ? grown / calls : undefined;
}
