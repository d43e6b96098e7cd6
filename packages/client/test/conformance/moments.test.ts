import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { settle } from '@switchgear/policy/testing';
import { clientCredentials, type ServiceClientOptions } from '../../src/index.ts';
import type { ServerStep } from '../../src/testing/index.ts';
import { ask, drive, end, openWorld, type Scene, sceneOf, until, type World } from './meet.ts';
import { transports } from './transports.ts';

/*
 * What may happen at any moment of a call: the caller leaves, the client is closed, the wall clock jumps, a token ends.
 */

let world: World;

before(async () => {
  world = await openWorld();
});

after(() => world.server.close());

interface Moment {
  readonly name: string;
  readonly step: ServerStep;
  readonly place?: 'black-hole';
  readonly more?: Partial<ServiceClientOptions>;
  /** Whether a call is there. */
  readonly reached: (scene: Scene) => boolean;
  /** Calls that are under way for it to be reached. */
  readonly calls?: number;
}

const waiting = (scene: Scene): boolean => scene.server.hits > scene.hitsBefore && scene.probe.phase === 'wait';

const moments: readonly Moment[] = [
  {
    name: 'connecting',
    step: 'ok',
    place: 'black-hole',
    reached: ({ probe, transport }) => probe.phase === (transport.knowsPhase ? 'connect' : 'wait'),
  },
  { name: 'waiting for an answer', step: 'never-headers', reached: waiting },
  { name: 'reading a body', step: 'headers-then-stall', reached: ({ probe }) => probe.phase === 'body' },
  {
    name: 'waiting for a connection',
    step: 'never-headers',
    more: { connections: 1 },
    calls: 2,
    reached: ({ server, hitsBefore, probe }) => server.hits > hitsBefore && probe.phase === 'wait',
  },
  {
    name: 'waiting for a place',
    step: 'never-headers',
    more: { bulkhead: { maxConcurrent: 1, maxQueue: 1 } },
    calls: 2,
    reached: waiting,
  },
  {
    name: 'backing off',
    step: 'unavailable-for-a-while',
    reached: ({ events }) => events.some(({ type }) => type === 'retry.scheduled'),
  },
];

for (const transport of transports) {
  for (const moment of moments) {
    const sceneAt = async (): Promise<Scene> => {
      const baseUrl = moment.place === undefined ? world.server.url : await world.server.urlOf(moment.place);
      world.server.set(moment.step);
      return sceneOf(world, transport, { ...moment.more, baseUrl });
    };

    test(`${transport.name}: a caller that leaves while ${moment.name} hears its own reason, and holds nothing`, async () => {
      const scene = await sceneAt();
      const caller = new AbortController();
      const reason = new Error('left');
      const left = Array.from({ length: moment.calls ?? 1 }, () =>
        assert.rejects(ask(scene, 'POST with a key', caller.signal), (error) => error === reason),
      );
      await until(() => moment.reached(scene));
      caller.abort(reason);
      await Promise.all(left);
      assertNothingHeld(scene);
      const fates = scene.events.flatMap((event) => (event.type === 'call.finished' ? [event.fate] : []));
      assert.deepEqual(
        fates,
        left.map(() => 'cancelled'),
      );
      const { breaker } = scene.client.snapshot();
      assert.equal(breaker.state, 'closed');
      await end(scene);
    });

    test(`${transport.name}: a client that is closed while ${moment.name} takes no more calls, and ends those it has`, async () => {
      const scene = await sceneAt();
      let over = 0;
      const calls = Array.from({ length: moment.calls ?? 1 }, () =>
        ask(scene, 'GET').then(
          () => over++,
          () => over++,
        ),
      );
      await until(() => moment.reached(scene));
      const closing = scene.client.close();
      await assert.rejects(ask(scene, 'GET'), { code: 'SWITCHGEAR_CLIENT_CLOSED', sent: 'never' });
      // Each has its deadline, and there is no call that outlives it.
      for (let ms = 0; over < calls.length && ms <= 3_000; ms += 100) {
        await scene.clock.advance(100);
        for (let i = 0; i < 3; i++) await settle();
      }
      await Promise.all(calls);
      await closing;
      assertNothingHeld(scene);
      await until(() => world.server.openSockets === 0);
    });
  }

  test(`${transport.name}: a wall clock that jumps an hour, either way, ends no call and hastens none`, async () => {
    for (const ms of [3_600_000, -3_600_000]) {
      world.server.script(['unavailable', 'ok']);
      const scene = sceneOf(world, transport, {});
      const call = ask(scene, 'GET');
      scene.clock.jumpWall(ms);
      await drive(scene, call, undefined);
      world.server.set('never-headers');
      const stuck = assert.rejects(ask(scene, 'POST'), { code: 'SWITCHGEAR_ATTEMPT_TIMEOUT' });
      await until(() => scene.probe.phase === 'wait');
      scene.clock.jumpWall(ms);
      await scene.clock.advance(999);
      assert.equal(scene.client.snapshot().inFlight, 1);
      await scene.clock.advance(1);
      await stuck;
      scene.clock.jumpWall(-2 * ms);
      await end(scene);
    }
  });

  test(`${transport.name}: fifty calls whose token has ended ask for one newer token between them`, async () => {
    const { server } = world;
    server.set('newest-token-only');
    server.set('token', '/token');
    const scene = sceneOf(world, transport, { auth: credentials() });
    await drive(scene, ask(scene, 'GET'), undefined);
    server.revokeTokens();
    const before = server.requests.length;
    await drive(scene, Promise.all(Array.from({ length: 50 }, () => ask(scene, 'POST'))), undefined);
    const asked = server.requests.slice(before).filter(({ path }) => path === '/token');
    assert.equal(asked.length, 1);
    assertNothingHeld(scene);
    await end(scene);
  });

  test(`${transport.name}: a token server that hangs, fails or repeats itself keeps no call past its time`, async () => {
    const { server, clock } = world;
    const table = [
      ['never-headers', ['SWITCHGEAR_TOKEN_UNAVAILABLE', 'SWITCHGEAR_ATTEMPT_TIMEOUT']],
      ['unavailable', ['SWITCHGEAR_TOKEN_UNAVAILABLE']],
      ['html-200', ['SWITCHGEAR_TOKEN_UNAVAILABLE', 'SWITCHGEAR_AUTHENTICATION_FAILED']],
      ['stale-token', ['SWITCHGEAR_AUTHENTICATION_FAILED']],
    ] as const;
    for (const [step, codes] of table) {
      server.set('newest-token-only');
      server.set('token', '/token');
      const scene = sceneOf(world, transport, { auth: credentials(), retry: { maxRetries: 0 } });
      await drive(scene, ask(scene, 'GET'), undefined);
      server.revokeTokens();
      server.set(step, '/token');
      let over = false;
      const failed = ask(scene, 'GET').then(
        () => 'ok',
        (error: { code: string; sent: string }) => error.code,
      );
      void failed.finally(() => {
        over = true;
      });
      const startedAt = clock.now();
      while (!over) {
        for (let i = 0; i < 3 && !over; i++) await settle();
        if (step === 'never-headers' && !over) await clock.advance(100);
      }
      assert.ok((codes as readonly string[]).includes(await failed), `${step}: ${await failed}`);
      assert.ok(clock.now() - startedAt <= 3_000, step);
      assertNothingHeld(scene);
      server.set('token', '/token');
      await clock.advance(5_000);
      await end(scene);
    }
  });
}

function credentials() {
  return clientCredentials({ tokenUrl: `${world.server.url}/token`, clientId: 'me', clientSecret: 'secret' });
}

function assertNothingHeld({ client }: Scene): void {
  const { inFlight, bulkhead } = client.snapshot();
  assert.deepEqual([inFlight, bulkhead.active, bulkhead.queued], [0, 0, 0]);
}
