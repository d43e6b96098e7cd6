import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { SwitchgearError } from '@switchgear/policy';
import { ManualClock, settle } from '@switchgear/policy/testing';
import { type Answer, hang, json, LoopbackServer } from '../../test/loopback-server.ts';
import { type ClientEvent, createServiceClient, get, post, undiciTransport } from '../index.ts';
import { type RefreshTokenOptions, refreshToken } from './refresh-token.ts';
import type { SessionTokens } from './token-keeper.ts';

/** A service and its token server, which rotates refresh tokens and ends the session when an old one comes again. */
async function rotatingServer() {
  let issued = 0;
  const state = { revoked: false, valid: () => `access-${issued}`, rotations: () => issued, dropAnswer: false };
  const answer: Answer = (hit, response, request) => {
    if (hit.path !== '/token') {
      const good = !state.revoked && hit.headers.authorization === `Bearer access-${issued}`;
      return json(good ? 200 : 401, {})(hit, response, request);
    }
    const form = new URLSearchParams(hit.body);
    const given = form.get('refresh_token');
    if (state.revoked || given !== `refresh-${issued}`) {
      state.revoked = true;
      return json(400, { error: 'invalid_grant', error_description: given })(hit, response, request);
    }
    if (state.dropAnswer) {
      state.dropAnswer = false;
      return void response.socket?.resetAndDestroy();
    }
    issued++;
    const tokens = { access_token: `access-${issued}`, refresh_token: `refresh-${issued}`, expires_in: 60 };
    return json(200, tokens)(hit, response, request);
  };
  const server = await LoopbackServer.start(answer);
  return { server, state, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

const operations = { read: get('/users'), write: post('/users') };

function clientOf(url: string, given: Partial<RefreshTokenOptions> = {}, clock = new ManualClock()) {
  const lost: string[] = [];
  const auth = refreshToken({
    tokenUrl: `${url}/token`,
    clientId: 'orders',
    refreshToken: 'refresh-0',
    onAuthLost: (error) => void lost.push(error.reason),
    ...given,
  });
  const runtime = { clock, random: () => 0 };
  const open = () =>
    createServiceClient({
      target: 'users',
      baseUrl: url,
      operations,
      auth,
      retry: { maxRetries: 0 },
      deadlineMs: 10_000,
      attemptTimeoutMs: 10_000,
      runtime,
    });
  const client = open();
  const events: ClientEvent[] = [];
  client.on((event) => void events.push(event));
  return { client, auth, lost, events, clock, open };
}

test('goes through rotations with one refresh for a burst of 401s, each stored before it is used', async () => {
  await using rotating = await rotatingServer();
  const { server, state } = rotating;
  const stored: SessionTokens[] = [];
  const { client, lost, clock } = clientOf(server.url, {
    onRotated: async (tokens) => {
      for (let i = 0; i < 50; i++) await settle();
      assert.ok(!server.hits.some(({ headers }) => headers.authorization === `Bearer ${tokens.accessToken}`));
      stored.push(tokens);
    },
  });
  await Promise.all(Array.from({ length: 10 }, () => client.read()));
  assert.deepEqual(stored, [{ refreshToken: 'refresh-1', accessToken: 'access-1', expiresInMs: 60_000 }]);
  await clock.advance(60_000);
  await Promise.all(Array.from({ length: 10 }, () => client.write()));
  assert.deepEqual(
    stored.map((tokens) => tokens.refreshToken),
    ['refresh-1', 'refresh-2'],
  );
  assert.equal(state.rotations(), 2);
  assert.deepEqual(lost, []);
  const tokenHit = server.hits.find(({ path }) => path === '/token');
  assert.equal(tokenHit?.body, 'grant_type=refresh_token&refresh_token=refresh-0&client_id=orders');
  assert.equal(tokenHit?.headers.authorization, undefined, 'a public client has no secret to send');
  await client.close();
});

test('two clients that share a credential have one refresh in flight, and it outlives the one that closes', async () => {
  await using rotating = await rotatingServer();
  const { server, state } = rotating;
  const { client, open } = clientOf(server.url);
  const other = open();
  await Promise.all([client.read(), other.read(), client.write(), other.write()]);
  assert.equal(state.rotations(), 1);
  await client.close();
  await other.read();
  assert.equal(state.rotations(), 1);
  await other.close();
  const later = open();
  await later.read();
  assert.equal(state.rotations(), 2, 'opened again, it goes on with the session as it is');
  await later.close();
});

test('tells once that the session is over, fails fast after that, and goes on when it is restored', async () => {
  await using rotating = await rotatingServer();
  const { server, state } = rotating;
  const { client, auth, lost, events, clock, open } = clientOf(server.url, {
    onAuthLost: (error) => {
      lost.push(error.reason);
      throw new Error('the hook is broken');
    },
  });
  await client.read();
  state.revoked = true;
  const refused = { code: 'SWITCHGEAR_AUTHENTICATION_FAILED', reason: 'invalid_grant' };
  await Promise.all(Array.from({ length: 5 }, () => assert.rejects(client.read(), refused)));
  const hits = server.hits.length;
  for (let i = 0; i < 3; i++) {
    await clock.advance(60_000);
    await assert.rejects(client.read(), { ...refused, sent: 'never' });
  }
  assert.equal(events.filter(({ type }) => type === 'auth.lost').length, 1);
  assert.equal(events.filter((event) => event.type === 'token.refreshed' && !event.ok).length, 1, 'asked once');
  await client.close();
  const another = open();
  await assert.rejects(another.read(), refused);
  assert.equal(server.hits.length, hits, 'nothing was sent for a session that is over');
  assert.deepEqual(lost, ['invalid_grant']);

  state.revoked = false;
  auth.restore({ refreshToken: `refresh-${state.rotations()}` });
  await Promise.all([another.read(), another.read()]);
  state.revoked = true;
  await assert.rejects(another.read(), refused);
  assert.deepEqual(lost, ['invalid_grant', 'invalid_grant'], 'a new session that ends is told of as well');
  auth.restore({ refreshToken: 'unused', accessToken: state.valid(), expiresInMs: 1_000 });
  state.revoked = false;
  const rotations = state.rotations();
  await another.read();
  assert.equal(state.rotations(), rotations, 'an access token that is good is used first');
  assert.throws(() => auth.restore({ refreshToken: '' }), { code: 'SWITCHGEAR_INVALID_CONFIG' });
  await another.close();
});

test('a token server that is away, or refuses without a word of OAuth, does not end the session', async () => {
  await using rotating = await rotatingServer();
  const { server, state } = rotating;
  const { client, lost, clock } = clientOf(server.url);
  state.dropAnswer = true;
  await assert.rejects(client.read(), { code: 'SWITCHGEAR_TOKEN_UNAVAILABLE' });
  await clock.advance(250);
  await client.read();
  await clock.advance(60_000);
  for (const status of [403, 429, 500, 503]) {
    server.script((hit, response, request) => json(status, { error: 'canary_word' })(hit, response, request));
    await assert.rejects(client.read(), (error) => {
      assert.ok(error instanceof SwitchgearError);
      assert.ok(!inspect(error, { depth: 20, showHidden: true }).includes('canary'));
      return true;
    });
    await clock.advance(60_000);
  }
  assert.deepEqual(lost, []);
  await client.close();
});

test('goes on with what another process has stored, when its own refresh token turns out to be used', async () => {
  let stored: SessionTokens | string = 'refresh-0';
  let accept = 'refresh-0';
  await using server = await LoopbackServer.start((hit, response, request) => {
    if (hit.path !== '/token') return json(200, {})(hit, response, request);
    const given = new URLSearchParams(hit.body).get('refresh_token');
    if (given !== accept) return json(400, { error: 'invalid_grant' })(hit, response, request);
    return json(200, { access_token: `for-${given}`, expires_in: 1 })(hit, response, request);
  });
  let loads = 0;
  const { client, lost, clock } = clientOf(server.url, {
    refreshToken: () => {
      loads++;
      return stored;
    },
  });
  await client.read();
  await clock.advance(1_000);
  accept = 'refresh-other';
  stored = 'refresh-other';
  await client.read();
  assert.equal(server.hits.at(-1)?.headers.authorization, 'Bearer for-refresh-other');
  await clock.advance(1_000);
  stored = { refreshToken: 'refresh-next', accessToken: 'stored-access', expiresInMs: 1_000 };
  accept = 'refresh-next';
  await client.read();
  assert.equal(server.hits.at(-1)?.headers.authorization, 'Bearer stored-access', 'and with its access token');
  assert.deepEqual(lost, []);
  await clock.advance(1_000);
  accept = 'nobody';
  await assert.rejects(client.read(), { reason: 'invalid_grant' });
  assert.deepEqual(lost, ['invalid_grant'], 'what is stored is the one that was refused: the session is over');
  assert.equal(loads, 4);
  await client.close();
});

test('a store that fails or hangs costs the calls some time, and not the session', async () => {
  await using rotating = await rotatingServer();
  const { server, state } = rotating;
  let fails = true;
  const saved: string[] = [];
  const { client, events, clock } = clientOf(server.url, {
    onRotated: ({ refreshToken: token }) => {
      if (fails) throw new Error('disk full, canary refresh-token');
      saved.push(token);
    },
  });
  await client.read();
  const [unsaved] = events.filter((event) => event.type === 'token.unsaved');
  assert.equal(unsaved?.type === 'token.unsaved' && unsaved.retryInMs, 250);
  fails = false;
  await clock.advance(250);
  assert.deepEqual(saved, ['refresh-1'], 'handed over again, although nothing was called');
  await client.close();

  state.revoked = false;
  let asked = false;
  const hung = clientOf(server.url, {
    refreshToken: 'refresh-1',
    onRotated: () => {
      asked = true;
      return new Promise(() => {});
    },
  });
  let done = false;
  const reading = hung.client.read().then(() => {
    done = true;
  });
  while (!asked) await settle();
  await hung.clock.advance(1_799);
  assert.equal(done, false);
  await hung.clock.advance(1);
  await reading;
  await hung.client.read();
  assert.equal(state.rotations(), 2);
  const closed = hung.client.close();
  await hung.clock.advance(10_000);
  await closed;
});

test('close waits for a refresh under way, because the token may have been rotated already', async () => {
  await using rotating = await rotatingServer();
  const { server, state } = rotating;
  const stored: string[] = [];
  let release = (): void => {};
  const answering = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { client } = clientOf(server.url, {
    onRotated: async ({ refreshToken: token }) => {
      await answering;
      stored.push(token);
    },
  });
  const caller = new AbortController();
  const left = assert.rejects(client.read({}, { signal: caller.signal }), (reason) => reason === 'left');
  while (state.rotations() === 0) await settle();
  caller.abort('left');
  await left;
  let closed = false;
  const closing = client.close().then(() => {
    closed = true;
  });
  await settle();
  assert.equal(closed, false);
  release();
  await closing;
  assert.deepEqual(stored, ['refresh-1']);
});

test('a login while a refresh is under way gives those who wait the new session', async () => {
  const held = Promise.withResolvers<void>();
  await using server = await LoopbackServer.start(async (hit, response, request) => {
    if (hit.path !== '/token') return json(200, {})(hit, response, request);
    const given = new URLSearchParams(hit.body).get('refresh_token');
    if (given === 'refresh-0') await held.promise;
    const answer = { access_token: `for-${given}`, refresh_token: `after-${given}`, expires_in: 60 };
    return json(200, answer)(hit, response, request);
  });
  const { client, auth, clock } = clientOf(server.url);
  const waiting = client.read();
  while (server.hits.length === 0) await settle();
  auth.restore({ refreshToken: 'login' });
  await client.read();
  held.resolve();
  await waiting;
  await clock.advance(60_000);
  await client.read();
  const used = server.hits.filter(({ path }) => path === '/users').map(({ headers }) => headers.authorization);
  assert.deepEqual(used, ['Bearer for-login', 'Bearer for-login', 'Bearer for-after-login']);
  await client.close();
});

test('a session that turns out to be over ahead of its token takes the token with it', async () => {
  await using rotating = await rotatingServer();
  const { server, state } = rotating;
  const { client, lost, clock } = clientOf(server.url);
  await client.read();
  await clock.advance(50_000);
  server.script(json(400, { error: 'invalid_grant' }));
  await assert.rejects(client.read(), { code: 'SWITCHGEAR_HTTP_STATUS' });
  while (lost.length === 0) await settle();
  const { length } = server.hits;
  await assert.rejects(client.read(), { code: 'SWITCHGEAR_AUTHENTICATION_FAILED', reason: 'invalid_grant' });
  assert.equal(server.hits.length, length);
  assert.equal(state.rotations(), 1);
  await client.close();
});

test('refuses a session that cannot be, and never shows a token', () => {
  const good = { tokenUrl: 'https://id.test/token', clientId: 'a', refreshToken: 'canary-refresh' };
  const table: [object, RegExp][] = [
    [{ refreshToken: '' }, /refreshToken\.refreshToken/],
    [{ refreshToken: 7 }, /refreshToken\.refreshToken/],
    [{ clientSecret: 7 }, /clientSecret/],
    [{ tokenUrl: 'id.test' }, /tokenUrl/],
    [{ origins: [] }, /origins/],
    [{ origins: ['https://users.test/path'] }, /origins\[0\]/],
    [{ parameters: { grant_type: 'password' } }, /parameters/],
    [{ parameters: { audience: 7 } }, /parameters/],
    [{ tls: {}, tokenUrl: 'http://id.test/token' }, /tls/],
    [{ onRotate: () => {} }, /onRotate/],
  ];
  for (const [wrong, path] of table) {
    assert.throws(
      () => refreshToken({ ...good, ...wrong } as RefreshTokenOptions),
      (error) => {
        assert.ok(error instanceof SwitchgearError && error.code === 'SWITCHGEAR_INVALID_CONFIG');
        assert.match(error.message, path);
        assert.ok(!inspect(error).includes('canary'));
        return true;
      },
    );
  }
});

test('the answer of a token server is bounded, and a token that is no bearer token is not used as one', async () => {
  const answers: [Answer, RegExp][] = [
    [json(200, { access_token: 'x'.repeat(70_000) }), /body/],
    [json(200, { access_token: 'x', token_type: 'DPoP' }), /not a bearer token/],
    [json(200, { access_token: '' }), /without a token/],
    [json(200, []), /without a token/],
    [(_, response) => void response.writeHead(200).end('access_token=x'), /without a token/],
    [json(302, {}, { location: 'http://127.0.0.1:1/' }), /answered 302/],
  ];
  for (const [answer, message] of answers) {
    await using server = await LoopbackServer.start(answer);
    const { client } = clientOf(server.url);
    await assert.rejects(client.read(), { code: 'SWITCHGEAR_TOKEN_UNAVAILABLE', message });
    assert.equal(server.hits.length, 1);
    await client.close();
  }
  await using silent = await LoopbackServer.start(hang);
  const { client, clock } = clientOf(silent.url, { timeoutMs: 500 });
  const failed = assert.rejects(client.read(), { code: 'SWITCHGEAR_TOKEN_UNAVAILABLE' });
  while (silent.hits.length === 0) await settle();
  await clock.advance(500);
  await failed;
  await client.close();
});

test('one clock for all clients that share a credential', async () => {
  const auth = refreshToken({ tokenUrl: 'http://127.0.0.1:1/token', clientId: 'a', refreshToken: 'r' });
  const open = () => ({
    runtime: { clock: new ManualClock(), random: () => 0 },
    openTransport: undiciTransport,
    onRefresh() {},
    onLost() {},
    onUnsaved() {},
  });
  const first = auth.open(open());
  assert.throws(() => auth.open(open()), { code: 'SWITCHGEAR_INVALID_CONFIG' });
  await first.close();
  await first.close();
  await auth.open(open()).close();
});
