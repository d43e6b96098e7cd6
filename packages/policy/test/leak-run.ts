import { once as event, getEventListeners } from 'node:events';
import { createServer } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import {
  attemptTimeout,
  breaker,
  bulkhead,
  type Call,
  cache,
  deadline,
  hedge,
  type Operation,
  pipeline,
  registry,
  retry,
  retryBudget,
  systemRuntime,
} from '../src/index.ts';
import { wheelOf } from '../src/stats/deadline-wheel.ts';

/*
 * Runs in a process of its own, which is to end by itself: a million calls, on real time, of which some fail, some hang
 * until their timeout, and some are left by their callers. Says what is there after each quarter, a line each.
 */

const calls = Number(process.argv[2]);
const workers = 200;

const budget = retryBudget({ ratio: 1, minPerSecond: 1_000 });
const room = bulkhead({ maxConcurrent: 150, maxQueue: 100, queueTimeoutMs: 1_000 });
const circuit = breaker({ failureRatio: 1, consecutiveFailures: 0 });
const stack = pipeline(
  deadline({ deadlineMs: 2_000 }),
  room,
  retry({ maxRetries: 2, baseMs: 1, maxMs: 2, budget }),
  circuit,
  attemptTimeout({ attemptTimeoutMs: 5 }),
);
const hedged = pipeline(
  deadline({ deadlineMs: 2_000 }),
  room,
  hedge({ delayMs: 1, budget }),
  circuit,
  attemptTimeout({ attemptTimeoutMs: 5 }),
);

let warnings = 0;
process.on('warning', () => warnings++);

/** Lives as long as the process, as that of a server that will be stopped one day. */
const stopping = new AbortController();
const left = Object.assign(new Error('left'), { stack: undefined });
const down = Object.assign(new Error('down'), { stack: undefined });

const answers: Operation<string> = async () => 'answer';
const hangs: Operation<string> = (call) =>
  new Promise((_resolve, reject) => {
    call.onCancel(reject);
  });
/** As `fetch` does: by its signal. */
const hangsBySignal: Operation<string> = ({ signal }) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
const failsFirst: Operation<string> = async ({ attempt }: Call) => {
  if (attempt === 1) throw down;
  return 'answer';
};

let begun = 0;
const ends = { ok: 0, left: 0, failed: 0 };

async function once(n: number): Promise<void> {
  const through = n % 10 === 3 ? hedged : stack;
  try {
    if (n % 100 === 7) await through.execute(n % 200 === 7 ? hangs : hangsBySignal, { signal: stopping.signal });
    else if (n % 50 === 9) {
      const caller = new AbortController();
      const call = through.execute(hangs, { signal: caller.signal });
      // At once, in the next turn, or before it has begun.
      if (n % 150 === 9) await turn();
      caller.abort(left);
      await call;
    } else if (n % 100 === 11) await through.execute(answers, { signal: AbortSignal.abort(left) });
    else if (n % 25 === 13) await through.execute(failsFirst, { signal: stopping.signal });
    else await through.execute(answers, { signal: stopping.signal });
    ends.ok++;
  } catch (error) {
    if (error === left) ends.left++;
    else ends.failed++;
  }
}

async function work(until: number): Promise<void> {
  while (begun < until) await once(begun++);
}

async function report(what: string, more: object = {}): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await turn();
    globalThis.gc?.();
  }
  const { active, queued } = room.snapshot();
  const facts = {
    what,
    heapBytes: process.memoryUsage().heapUsed,
    listeners: getEventListeners(stopping.signal, 'abort').length,
    deadlines: wheelOf(systemRuntime.clock).size,
    held: active + queued,
    timers: process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length,
    warnings,
    ...more,
  };
  process.stdout.write(`${JSON.stringify(facts)}\n`);
}

// What a call waits for keeps the process alive, not its timeout: a socket, say.
const socket = createServer().listen(0, '127.0.0.1');
await event(socket, 'listening');

for (let quarter = 1; quarter <= 4; quarter++) {
  const until = (calls * quarter) / 4;
  await Promise.all(Array.from({ length: workers }, () => work(until)));
  await report('calls', { begun, ...ends });
}

// And as many keys: what is kept per key is bounded, whoever makes the keys up.
const perKey = registry(() => breaker({ window: 'count', windowCalls: 20 }), { maxKeys: 100 });
const answersPerKey = cache({ key: (call) => call.key, freshMs: 60_000, maxEntries: 100 });
for (let quarter = 1; quarter <= 4; quarter++) {
  for (let n = (calls * (quarter - 1)) / 4; n < (calls * quarter) / 4; n++) {
    const key = `key ${n}`;
    perKey.get(key);
    if (n % 4 === 0) await answersPerKey.execute(answers, { key });
  }
  await report('keys', { keys: perKey.size, entries: answersPerKey.snapshot().entries });
}

socket.close();
