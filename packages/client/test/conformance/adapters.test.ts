import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import { EventBus, type PolicyEvent, type Registry, type Standard } from '@switchgear/policy';
import { ManualClock, settle } from '@switchgear/policy/testing';
import axios from 'axios';
import * as undici8 from 'undici';
import * as undici7 from 'undici-7';
import { axiosAdapter } from '../../src/adapters/axios/index.ts';
import { resilience } from '../../src/adapters/undici/index.ts';
import { type ClientEvent, createServiceClient } from '../../src/index.ts';
import { type FaultServer, faultServer, type ServerFault, serverFaults } from '../../src/testing/index.ts';
import { assertNoCanary, canaries } from './canaries.ts';
import { until } from './meet.ts';

/*
 * Whatever the other side does, through whichever adapter it is asked: a POST goes out once, what may be sent again is,
 * nothing stays taken and nothing is told that should not be. What an adapter makes of each fault is in its own tests.
 */

type Ask = 'GET' | 'POST' | 'POST with a key';

const asks: readonly Ask[] = ['GET', 'POST', 'POST with a key'];
const attemptTimeoutMs = 1_000;
const deadlineMs = 4_000;
const shared = {
  attemptTimeoutMs,
  deadlineMs,
  retry: { maxRetries: 1, baseMs: 10, maxMs: 20 },
  budget: { ratio: 1, minPerSecond: 100 },
  // What one call meets must not close the way for the next.
  breaker: { minimumCalls: 1_000, consecutiveFailures: 0 },
} as const;

/** After these, what may be sent again is sent again, and is met by the same. */
const goesAgain: ReadonlySet<string> = new Set<ServerFault>([
  'reset-after-read',
  'close-after-read',
  'never-headers',
  'not-http',
  'unavailable',
  'unavailable-for-a-while',
  'rate-limited',
]);

interface Request {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

interface Scene {
  readonly events: readonly { readonly type: string }[];
  /** Asks, and reads what comes to its end. Rejects with what the adapter rejects with. */
  send(request: Request, signal?: AbortSignal): Promise<unknown>;
  /** What is taken: calls under way, places, places in the queue. */
  taken(): number[];
  close(): Promise<void>;
}

interface Adapter {
  readonly name: string;
  open(server: FaultServer, clock: ManualClock): Scene;
  /** Whether its errors are ours to keep clean: undici's are undici's, and axios's hold the config that its users read. */
  readonly checks: (error: unknown) => void;
}

function clientOf(server: FaultServer, clock: ManualClock) {
  const runtime = { clock, random: () => 0 };
  const baseUrl = server.url;
  const client = createServiceClient({
    target: 'things',
    baseUrl,
    operations: {},
    maxBodyBytes: 65_536,
    runtime,
    ...shared,
  });
  const events: ClientEvent[] = [];
  client.on((event) => events.push(event));
  const taken = (): number[] => {
    const { inFlight, bulkhead } = client.snapshot();
    return [inFlight, bulkhead.active, bulkhead.queued];
  };
  return { client, events, taken, close: () => client.close() };
}

const adapters: readonly Adapter[] = [
  {
    name: 'client.fetch',
    open(server, clock) {
      const { client, ...scene } = clientOf(server, clock);
      const send = async ({ url, method, headers, body }: Request, signal?: AbortSignal): Promise<unknown> => {
        const answer = await client.fetch(url, { method, headers, body: body ?? null, signal: signal ?? null });
        return answer.arrayBuffer();
      };
      return { ...scene, send };
    },
    checks: (error) => assertNoCanary('an error', error),
  },
  {
    name: 'the axios adapter',
    open(server, clock) {
      const { client, ...scene } = clientOf(server, clock);
      const api = axios.create({ adapter: axiosAdapter(client, axios), responseType: 'arraybuffer' });
      const send = ({ url, method, headers, body }: Request, signal?: AbortSignal): Promise<unknown> =>
        api.request({ url, method, headers: { ...headers }, data: body, ...(signal === undefined ? {} : { signal }) });
      return { ...scene, send };
    },
    checks(error) {
      const seen = [String(error), JSON.stringify(error), inspect(error), (error as Error).stack];
      for (const canary of Object.values(canaries)) assert.ok(!seen.join('\n').includes(canary), canary);
    },
  },
  {
    name: 'the interceptor, on undici 8',
    open: (server, clock) => intercepted(undici8, server, clock),
    checks: () => {},
  },
  {
    name: 'the interceptor, on undici 7.30',
    open: (server, clock) => intercepted(undici7 as unknown as typeof undici8, server, clock),
    checks: () => {},
  },
];

function intercepted(undici: typeof undici8, _: FaultServer, clock: ManualClock): Scene {
  const bus = new EventBus<PolicyEvent>();
  const events: PolicyEvent[] = [];
  bus.on((event) => events.push(event));
  const guard = resilience(shared, { clock, random: () => 0, events: bus });
  const agent = new undici.Agent({ connections: 1 });
  const dispatcher = agent.compose(guard);
  return {
    events,
    async send({ url, method, headers, body }, signal) {
      const options = { dispatcher, method: method as 'GET', headers, body: body ?? null, signal: signal ?? null };
      const answer = await undici.request(url, options);
      let bytes = 0;
      for await (const chunk of answer.body) {
        bytes += chunk.length;
        // How much of an answer is too much, an interceptor leaves to its dispatcher.
        if (bytes > 65_536) break;
      }
    },
    taken: () => takenOf(guard.stacks),
    close: () => agent.destroy(),
  };
}

function takenOf(stacks: Registry<Standard>): number[] {
  return stacks.entries().flatMap(([, { bulkhead }]) => {
    const { active, queued } = bulkhead.snapshot();
    return [active, queued];
  });
}

let server: FaultServer;
let clock: ManualClock;

before(async () => {
  clock = new ManualClock();
  const runtime = { clock, random: () => 0 };
  server = await faultServer({ runtime, body: { note: canaries.answer }, headers: { 'set-cookie': canaries.cookie } });
});

after(() => server.close());

function requestFor(how: Ask): Request {
  return {
    url: `${server.url}/things?q=${canaries.query}`,
    method: how === 'GET' ? 'GET' : 'POST',
    headers: {
      'x-api-key': canaries.header,
      authorization: `Bearer ${canaries.token}`,
      ...(how === 'POST with a key' ? { 'idempotency-key': canaries.key } : {}),
    },
    body: how === 'GET' ? undefined : canaries.body,
  };
}

/** Real time passes for the sockets alone. The clock is moved to the end of a back-off, or when nothing else can happen. */
async function drive(scene: Scene, call: Promise<unknown>, hitsBefore: number): Promise<void> {
  let over = false;
  call.then(
    () => {
      over = true;
    },
    () => {
      over = true;
    },
  );
  let waits = 0;
  let idle = 0;
  while (!over) {
    await settle();
    const scheduled = scene.events.filter(({ type }) => type === 'retry.scheduled') as { waitMs?: number }[];
    const wait = scheduled[waits]?.waitMs;
    if (wait !== undefined) {
      waits++;
      idle = 0;
      await clock.advance(wait);
    } else if (server.hits > hitsBefore + waits && ++idle > 20) {
      // It has been read, and nothing has come of it since.
      idle = 0;
      await clock.advance(attemptTimeoutMs);
    }
  }
}

for (const adapter of adapters) {
  for (const fault of Object.keys(serverFaults) as ServerFault[]) {
    test(`${adapter.name} meets "${serverFaults[fault]}": a POST goes out once, and nothing stays taken`, async () => {
      for (const how of asks) {
        server.set(fault);
        const scene = adapter.open(server, clock);
        const [hits, sockets] = [server.hits, server.sockets];
        const call = scene.send(requestFor(how)).then(
          () => undefined,
          (error: unknown) => error,
        );
        await drive(scene, call, hits);
        const error = await call;
        await settle();
        const times = server.hits - hits;
        if (how === 'POST') {
          assert.ok(times <= 1, `${times} hits`);
          // What was not read is not counted; then the connections tell.
          if (fault === 'reset-before-read') assert.equal(server.sockets - sockets, 1);
        } else if (goesAgain.has(fault)) assert.equal(times, 2, how);
        else assert.ok(times <= 2, `${how}: ${times} hits`);
        assert.deepEqual(new Set(scene.taken()), new Set([0]), how);
        if (error !== undefined) adapter.checks(error);
        assertNoCanary('events', ...scene.events);
        await scene.close();
        await until(() => server.openSockets === 0);
      }
    });
  }

  test(`${adapter.name}: a POST that never left is sent again, and one that is left while connecting is not`, async () => {
    const refusing = await server.urlOf('refuse');
    const hole = await server.urlOf('black-hole');
    for (const url of [refusing, hole]) {
      const place = { ...server, url } as FaultServer;
      const scene = adapter.open(place, clock);
      const caller = new AbortController();
      const gone = new Error('gone');
      const call = scene.send({ ...requestFor('POST'), url }, caller.signal).then(
        () => assert.fail('there is nobody'),
        (error: unknown) => error,
      );
      if (url === refusing) await drive(scene, call, server.hits);
      else {
        for (let i = 0; i < 10; i++) await settle();
        caller.abort(gone);
      }
      const error = await call;
      adapter.checks(error);
      const retried = scene.events.filter(({ type }) => type === 'retry.scheduled').length;
      assert.equal(retried, url === refusing ? 1 : 0);
      if (url === hole) assert.ok(error === gone || (error as Error).cause === gone);
      for (let i = 0; i < 3; i++) await settle();
      assert.deepEqual(new Set(scene.taken()), new Set([0]));
      const closing = scene.close();
      await clock.advance(attemptTimeoutMs);
      await closing;
    }
  });
}
