import assert from 'node:assert/strict';
import dns from 'node:dns';
import { mock } from 'node:test';
import { type Phase, type RetryScheduled, SwitchgearError } from '@switchgear/policy';
import { ManualClock, settle } from '@switchgear/policy/testing';
import * as z from 'zod';
import { DelegatedCall } from '../../src/attempt/delegated-call.ts';
import {
  bearer,
  type CallFinished,
  type ClientEvent,
  createServiceClient,
  get,
  type OpenTransport,
  post,
  type ServiceClientOptions,
} from '../../src/index.ts';
import { type FaultServer, faultServer } from '../../src/testing/index.ts';
import { canaries } from './canaries.ts';
import { type Ask, attemptTimeoutMs, connectTimeoutMs, type Row } from './table.ts';
import type { TransportUnderTest } from './transports.ts';

const Thing = z.object({ id: z.number() });
const query = z.object({ q: z.string() });
const body = z.object({ secret: z.string() });

const operations = {
  getThing: get('/things', { query, response: Thing }),
  postThing: post('/things', { query, body, response: Thing }),
  placeThing: post('/things', { query, body, response: Thing, idempotencyKey: true }),
};

/** Everything that can be seen of one call that met a fault. */
export interface Seen {
  /** `ok`, or the code of the error. */
  readonly code: string;
  readonly error: unknown;
  readonly events: readonly ClientEvent[];
  readonly finished: CallFinished;
  /** What the breaker heard of each attempt. */
  readonly verdicts: readonly string[];
  /** Requests that the server has read. */
  readonly hits: number;
  readonly scene: Scene;
}

/** What the tests of a file share: a server, and a clock that stands still unless it is moved. */
export interface World {
  readonly clock: ManualClock;
  readonly server: FaultServer;
}

export async function openWorld(): Promise<World> {
  const clock = new ManualClock();
  const server = await faultServer({
    runtime: { clock, random: () => 0 },
    body: { id: 1, note: canaries.answer },
    headers: { 'set-cookie': `session=${canaries.cookie}` },
  });
  return { clock, server };
}

/** A client over the transport under test, and what it says. */
export function sceneOf(
  { clock, server }: World,
  transport: TransportUnderTest,
  more: Partial<ServiceClientOptions>,
): Scene {
  const probe: Probe = { attempt: 0, phase: 'call' };
  const client = createServiceClient({
    target: 'things',
    baseUrl: server.url,
    operations,
    transport: probed(transport.open(), probe),
    attemptTimeoutMs,
    connectTimeoutMs,
    retry: { maxRetries: 1, baseMs: 10, maxMs: 20 },
    budget: { ratio: 1, minPerSecond: 100 },
    // What one call meets must not close the way for the next.
    breaker: { minimumCalls: 1_000, consecutiveFailures: 0 },
    maxBodyBytes: 64 * 1024,
    auth: bearer(canaries.token),
    headers: { 'x-api-key': canaries.header },
    runtime: { clock, random: () => 0 },
    ...(more as object),
  });
  const events: ClientEvent[] = [];
  client.on((event) => events.push(event));
  return { clock, server, client, events, probe, transport, hitsBefore: server.hits };
}

export interface Scene extends World {
  readonly client: ReturnType<typeof clientType>;
  readonly events: ClientEvent[];
  readonly probe: Probe;
  readonly transport: TransportUnderTest;
  /** What the server had read when the call began. */
  hitsBefore: number;
}

const clientType = () => createServiceClient({ target: '', baseUrl: '', operations });

/** How far the latest attempt is, as its transport tells. */
export interface Probe {
  attempt: number;
  phase: Phase;
}

function probed(open: OpenTransport, probe: Probe): OpenTransport {
  return (options) => {
    const transport = open(options);
    return {
      send(request, call) {
        probe.attempt = call.attempt;
        probe.phase = 'queue';
        return transport.send(request, new ProbedCall(call, probe));
      },
      close: () => transport.close(),
      destroy: () => transport.destroy(),
    };
  };
}

class ProbedCall extends DelegatedCall {
  readonly #probe: Probe;

  constructor(call: DelegatedCall['call'], probe: Probe) {
    super(call);
    this.#probe = probe;
  }

  override progress(...[phase, sent]: Parameters<DelegatedCall['progress']>): void {
    this.#probe.phase = phase;
    super.progress(phase, sent);
  }
}

export function ask({ client }: Scene, how: Ask, signal?: AbortSignal): Promise<unknown> {
  const q = { q: canaries.query };
  const secret = { secret: canaries.body };
  if (how === 'GET') return client.getThing({ query: q }, { signal });
  if (how === 'POST') return client.postThing({ query: q, body: secret }, { signal });
  return client.placeThing({ query: q, body: secret }, { signal, idempotencyKey: canaries.key });
}

/** Where a row's fault is met. */
async function whereIs({ meets }: Row, server: FaultServer): Promise<Partial<ServiceClientOptions>> {
  if (typeof meets !== 'object' || 'status' in meets) return { baseUrl: server.url };
  if ('place' in meets) return { baseUrl: await server.urlOf(meets.place) };
  if ('lookup' in meets) return { baseUrl: 'http://things.invalid:8080' };
  return { baseUrl: await server.urlOf('h2'), allowH2: true, tls: { ca: server.certificate } };
}

/** Makes one call meet the fault of a row. */
export async function meet(row: Row, how: Ask, transport: TransportUnderTest, world: World): Promise<Seen> {
  const { meets } = row;
  const { server } = world;
  const scene = sceneOf(world, transport, await whereIs(row, server));
  const { events, probe } = scene;
  const names = typeof meets === 'object' && 'lookup' in meets ? failingLookups(meets.lookup) : undefined;
  if (typeof meets !== 'object' || 'status' in meets) server.set(meets);
  else if ('h2' in meets) server.set(meets.h2);
  try {
    if (row.warm) {
      await drive(scene, ask(scene, 'GET'), undefined);
      // What the server does to the connection after its answer has reached this side, too.
      for (let i = 0; i < 5; i++) await settle();
    }
    events.length = 0;
    probe.attempt = 0;
    const before = server.hits;
    scene.hitsBefore = before;
    let error: unknown;
    const call = ask(scene, how).then(
      () => 'ok',
      (reason: unknown) => {
        error = reason;
        return reason instanceof SwitchgearError ? reason.code : String(reason);
      },
    );
    const code = await drive(scene, call, row);
    const finished = events.find((event) => event.type === 'call.finished');
    assert.ok(finished !== undefined, 'no call.finished');
    const verdicts = events.flatMap((event) => (event.type === 'attempt.finished' ? [event.verdict] : []));
    return { code, error, events, finished, verdicts, hits: server.hits - before, scene };
  } catch (error) {
    await end(scene);
    throw error;
  } finally {
    names?.mock.restore();
  }
}

/** Closes the client, and waits until the server has seen that no connection is left. */
export async function end({ client, server, clock }: Scene): Promise<void> {
  const closing = client.close();
  // A connection that is still being made is given its time, and no more.
  await clock.advance(connectTimeoutMs);
  await closing;
  await until(() => server.openSockets === 0);
}

/** Real time passes for the sockets alone; the clock is moved when nothing else can happen any more. */
export async function drive<T>(scene: Scene, call: Promise<T>, row: Row | undefined): Promise<T> {
  const { clock, events, probe } = scene;
  let over = false;
  const finish = (): void => {
    over = true;
  };
  call.then(finish, finish);
  const waits = (): RetryScheduled[] => events.filter((event) => event.type === 'retry.scheduled');
  let scheduled = waits().length;
  let pushed = 0;
  while (!over) {
    await settle();
    const wait = waits()[scheduled];
    if (wait !== undefined) {
      scheduled++;
      await clock.advance(wait.waitMs);
    } else if (row?.stuck !== undefined && probe.attempt > pushed && isStuck(scene, row, row.stuck.phase)) {
      pushed = probe.attempt;
      await clock.advance(row.stuck.ms);
    }
  }
  return call;
}

function isStuck({ probe, server, transport, hitsBefore }: Scene, row: Row, phase: Phase): boolean {
  if (row.read && server.hits - hitsBefore < probe.attempt) return false;
  return !transport.knowsPhase || probe.phase === phase;
}

/** Waits for what the other side of a socket has to notice. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await settle();
}

function failingLookups(code: string) {
  const fail = (...args: unknown[]): void => {
    const callback = args.at(-1) as (error: Error) => void;
    process.nextTick(callback, Object.assign(new Error(`getaddrinfo ${code}`), { code, syscall: 'getaddrinfo' }));
  };
  return mock.method(dns, 'lookup', fail as unknown as typeof dns.lookup);
}
