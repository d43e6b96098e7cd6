import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { SwitchgearError } from '@switchgear/policy';
import { ManualClock, settle } from '@switchgear/policy/testing';
import { type Answer, json, LoopbackServer } from '../../test/loopback-server.ts';
import {
  AuthenticationError,
  bearer,
  type ClientEvent,
  clientCredentials,
  createServiceClient,
  get,
  post,
  type ServiceClientOptions,
} from '../index.ts';
import type { Authenticator } from './authenticator.ts';

const operations = { read: get('/users'), write: post('/users'), upload: post('/files', { bodyAs: 'stream' }) };

function clientOf(baseUrl: string, auth: Authenticator, more: Partial<ServiceClientOptions> = {}) {
  const options = { target: 'users', baseUrl, operations, auth, ...more };
  const client = createServiceClient(options as ServiceClientOptions<typeof operations>);
  const events: ClientEvent[] = [];
  client.on((event) => void events.push(event));
  return { client, events };
}

/** A service whose token server gives numbered tokens, of which the latest alone is good. */
function tokens() {
  const state = { issued: 0, tokenRequests: 0 };
  const answer: Answer = (hit, response, request) => {
    if (hit.path === '/token') {
      state.tokenRequests++;
      state.issued++;
      return json(200, { access_token: `t${state.issued}`, expires_in: 60 })(hit, response, request);
    }
    const good = hit.headers.authorization === `Bearer t${state.issued}`;
    const headers: Record<string, string> = good ? {} : { 'www-authenticate': 'Bearer error="invalid_token"' };
    return json(good ? 200 : 401, {}, headers)(hit, response, request);
  };
  return { state, answer };
}

test('several clients that share a credential have one refresh in flight, at first and after a burst of 401s', async () => {
  const { state, answer } = tokens();
  await using server = await LoopbackServer.start(answer);
  const auth = clientCredentials({ tokenUrl: `${server.url}/token`, clientId: 'a', clientSecret: 'b' });
  const clients = Array.from({ length: 4 }, () => clientOf(server.url, auth));
  const all = () => Promise.all(clients.flatMap(({ client }) => [client.read(), client.write(), client.read()]));
  await all();
  assert.equal(state.tokenRequests, 1);
  state.issued++;
  await all();
  assert.equal(state.tokenRequests, 2);
  const told = clients.flatMap(({ events }) => events.filter(({ type }) => type === 'token.refreshed'));
  assert.equal(told.length, 2, 'each is told by the one client whose call asked');
  await Promise.all(clients.map(({ client }) => client.close()));
});

test('one client of several that closes takes the token away from nobody', async () => {
  const { state, answer } = tokens();
  await using server = await LoopbackServer.start(answer);
  const auth = clientCredentials({ tokenUrl: `${server.url}/token`, clientId: 'a', clientSecret: 'b' });
  const [one, two] = [clientOf(server.url, auth), clientOf(server.url, auth)];
  await one.client.read();
  await one.client.close();
  state.issued++;
  await two.client.read();
  assert.equal(state.tokenRequests, 2);
  await two.client.close();
});

test('403, and a 401 that asks for other rights, get no new token', async () => {
  const { state, answer } = tokens();
  const refusal: Answer = (hit, response, request) =>
    hit.path === '/token'
      ? answer(hit, response, request)
      : json(...(refusals.shift() as [number, object, Record<string, string>]))(hit, response, request);
  const refusals: [number, object, Record<string, string>][] = [
    [403, {}, { 'www-authenticate': 'Bearer error="invalid_token"' }],
    [401, {}, { 'www-authenticate': 'Bearer realm="x", error="insufficient_scope", scope="users"' }],
  ];
  await using server = await LoopbackServer.start(refusal);
  const { client } = clientOf(
    server.url,
    clientCredentials({ tokenUrl: `${server.url}/token`, clientId: 'a', clientSecret: 'b' }),
  );
  await assert.rejects(client.read(), { code: 'SWITCHGEAR_HTTP_STATUS', status: 403 });
  await assert.rejects(client.read(), { code: 'SWITCHGEAR_AUTHENTICATION_FAILED' });
  assert.equal(state.tokenRequests, 1);
  await client.close();
});

test('a body that cannot be sent again keeps its 401, and the next call has the newer token', async () => {
  const { state, answer } = tokens();
  await using server = await LoopbackServer.start(answer);
  const { client, events } = clientOf(
    server.url,
    clientCredentials({ tokenUrl: `${server.url}/token`, clientId: 'a', clientSecret: 'b' }),
  );
  await client.read();
  state.issued++;
  async function* once() {
    yield Buffer.from('a line\n');
  }
  await assert.rejects(client.upload({ body: once() }), { code: 'SWITCHGEAR_AUTHENTICATION_FAILED', sent: 'answered' });
  assert.equal(server.hits.filter(({ path }) => path === '/files').length, 1);
  while (events.filter(({ type }) => type === 'token.refreshed').length < 2) await settle();
  await client.upload({ body: once() });
  state.issued++;
  await client.upload({ body: () => once() });
  assert.equal(server.hits.filter(({ path }) => path === '/files').length, 4, 'one that can be made anew goes again');
  await client.close();
});

test('a credential goes to its own origins, and to no other place', async () => {
  const { answer } = tokens();
  await using server = await LoopbackServer.start(answer);
  await using other = await LoopbackServer.start(json(200, {}));
  let asked = 0;
  const auth = bearer(
    async () => {
      asked++;
      return 't0';
    },
    { origins: [server.url, 'https://users.test'] },
  );
  const { client } = clientOf(other.url, auth);
  await assert.rejects(client.read(), {
    code: 'SWITCHGEAR_AUTHENTICATION_FAILED',
    reason: 'other-origin',
    sent: 'never',
  });
  assert.equal(other.hits.length, 0);
  assert.equal(asked, 0);
  const home = clientOf(server.url, auth);
  await home.client.read();
  await client.close();
  await home.client.close();
});

test('a redirect to another origin is refused, and a token does not go there', async () => {
  await using elsewhere = await LoopbackServer.start(json(200, {}));
  await using server = await LoopbackServer.start(json(307, {}, { location: `${elsewhere.url}/users` }));
  const { client } = clientOf(server.url, bearer('canary'), { followRedirects: 5 });
  await assert.rejects(client.read(), { code: 'SWITCHGEAR_REDIRECT_REFUSED' });
  assert.equal(elsewhere.hits.length, 0);
  await client.close();
});

test('tells once that a fixed token was refused; a hook that throws breaks nothing', async () => {
  await using server = await LoopbackServer.start(json(401, {}));
  const lost: string[] = [];
  const auth = bearer('canary-token', {
    onAuthLost: async (error) => {
      lost.push(error.reason);
      throw new Error('the hook is broken');
    },
  });
  const { client, events } = clientOf(server.url, auth);
  for (let i = 0; i < 3; i++) await assert.rejects(client.read(), { code: 'SWITCHGEAR_AUTHENTICATION_FAILED' });
  assert.deepEqual(lost, ['token-refused']);
  const [told] = events.filter(({ type }) => type === 'auth.lost');
  assert.ok(told?.type === 'auth.lost' && told.error instanceof AuthenticationError);
  assert.ok(!inspect([told, told.error.toJSON()], { depth: 20 }).includes('canary'));
  server.script(json(401, {}, { 'www-authenticate': 'Bearer error="insufficient_scope"' }));
  const other: string[] = [];
  const limited = clientOf(server.url, bearer('token', { onAuthLost: ({ reason }) => void other.push(reason) }));
  await assert.rejects(limited.client.read(), { code: 'SWITCHGEAR_AUTHENTICATION_FAILED' });
  assert.deepEqual(other, []);
  await client.close();
  await limited.client.close();
});

test('a token function says that there is nobody to log in by throwing AuthenticationError', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  const lost: string[] = [];
  const auth = bearer(
    async () => {
      throw new AuthenticationError('signed out', {}, 'signed-out');
    },
    { onAuthLost: ({ reason }) => void lost.push(reason), coolDownMs: 60_000 },
  );
  const { client } = clientOf(server.url, auth);
  for (let i = 0; i < 3; i++) {
    await assert.rejects(client.read(), { code: 'SWITCHGEAR_AUTHENTICATION_FAILED', reason: 'signed-out' });
  }
  assert.deepEqual(lost, ['signed-out']);
  assert.equal(server.hits.length, 0);
  await client.close();
});

test('a token server that refuses the client is told of once, in a word of OAuth and no other', async () => {
  await using server = await LoopbackServer.start(json(401, { error: 'invalid_client', error_description: 'canary' }));
  const lost: string[] = [];
  const options = { tokenUrl: `${server.url}/token`, clientId: 'a', clientSecret: 'canary-secret', coolDownMs: 1 };
  const auth = clientCredentials({ ...options, onAuthLost: ({ reason }) => void lost.push(reason) });
  const { client } = clientOf(server.url, auth);
  await assert.rejects(client.read(), { reason: 'invalid_client', message: /invalid_client/ });
  assert.deepEqual(lost, ['invalid_client']);
  await client.close();
  server.script(json(400, { error: 'canary_of_some_secret' }));
  const strange = clientOf(
    server.url,
    clientCredentials({ ...options, onAuthLost: ({ reason }) => void lost.push(reason) }),
  );
  await assert.rejects(strange.client.read(), (error) => {
    assert.ok(error instanceof SwitchgearError);
    assert.match(error.message, /status 400/);
    assert.ok(!inspect([error, error.cause], { depth: 20, showHidden: true }).includes('canary'));
    return true;
  });
  assert.equal(lost.length, 1);
  await strange.client.close();
});

test('sends what a token request is told to: scope, further parameters, and the secret in its header alone', async () => {
  await using server = await LoopbackServer.start(json(200, { access_token: 't', token_type: 'bearer' }));
  const auth = clientCredentials({
    tokenUrl: `${server.url}/token`,
    clientId: 'a b',
    clientSecret: 'c:d',
    scope: 'users:read users:write',
    parameters: { audience: 'https://users.test', resource: 'urn:users' },
  });
  const { client } = clientOf(server.url, auth);
  await client.read();
  const [hit] = server.hits;
  assert.deepEqual(Object.fromEntries(new URLSearchParams(hit?.body)), {
    grant_type: 'client_credentials',
    scope: 'users:read users:write',
    audience: 'https://users.test',
    resource: 'urn:users',
  });
  assert.equal(hit?.headers.authorization, `Basic ${Buffer.from('a%20b:c%3Ad').toString('base64')}`);
  assert.equal(server.hits[1]?.headers.authorization, 'Bearer t');
  await client.close();
});

test('a call waits for a token as long as it lasts and no longer: each attempt its time, then the deadline', async () => {
  const clock = new ManualClock();
  const runtime = { clock, random: () => 0.5 };
  let asked = 0;
  const auth = bearer(() => {
    asked++;
    return new Promise(() => {});
  });
  const { client, events } = clientOf('http://127.0.0.1:1', auth, { runtime });
  const whole = assert.rejects(client.read(), { code: 'SWITCHGEAR_DEADLINE_EXCEEDED', sent: 'never', attempts: 3 });
  const short = assert.rejects(client.read({}, { deadlineMs: 300 }), {
    code: 'SWITCHGEAR_DEADLINE_EXCEEDED',
    phase: 'auth',
    sent: 'never',
  });
  // The first attempt has its second. The second one waits until the two seconds of the function are over, and the third
  // begins after the cool-down, with what is left of the deadline.
  await clock.advance(3_000);
  await Promise.all([whole, short]);
  const ends = events.flatMap((event) => (event.type === 'call.finished' ? [event.durationMs] : []));
  assert.deepEqual(ends, [300, 3_000]);
  assert.equal(asked, 2);
  await client.close();
  assert.equal(client.snapshot().bulkhead.active, 0);
});

test('fails at once during the cool-down, and one call asks for all after it', async () => {
  const clock = new ManualClock();
  let asked = 0;
  const auth = bearer(
    async () => {
      asked++;
      throw new Error('away');
    },
    { coolDownMs: 1_000 },
  );
  const options = { runtime: { clock, random: () => 0 }, retry: { maxRetries: 0 } };
  const { client } = clientOf('http://127.0.0.1:1', auth, options);
  const fail = () =>
    Promise.all(
      Array.from({ length: 20 }, () => assert.rejects(client.read(), { code: 'SWITCHGEAR_TOKEN_UNAVAILABLE' })),
    );
  await fail();
  await fail();
  assert.equal(asked, 1);
  await clock.advance(1_000);
  await fail();
  assert.equal(asked, 2);
  await client.close();
});

test('probes that get no token tell a half-open breaker nothing; the first ones with a token decide', async () => {
  const clock = new ManualClock();
  let away = false;
  await using server = await LoopbackServer.start(json(500, {}));
  const auth = bearer(
    async () => {
      if (away) throw new Error('away');
      return { accessToken: 'token', expiresInMs: 1_000 };
    },
    { coolDownMs: 10 },
  );
  const { client } = clientOf(server.url, auth, {
    runtime: { clock, random: () => 0 },
    retry: { maxRetries: 0 },
    breaker: { consecutiveFailures: 1, openMs: 1_000, probes: 1 },
  });
  await assert.rejects(client.read(), { code: 'SWITCHGEAR_HTTP_STATUS' });
  assert.equal(client.snapshot().breaker.state, 'open');
  away = true;
  await clock.advance(5_000);
  for (let i = 0; i < 20; i++) {
    await assert.rejects(client.read(), { code: 'SWITCHGEAR_TOKEN_UNAVAILABLE' });
    await clock.advance(100);
  }
  assert.equal(client.snapshot().breaker.state, 'half-open');
  assert.equal(client.snapshot().breaker.probesRunning, 0, 'no slot is held by what never began');
  away = false;
  server.script(json(200, {}));
  await client.read();
  assert.equal(client.snapshot().breaker.state, 'closed');
  await client.close();
});

test('a process whose token function hangs and holds nothing does not end in the middle of the call', async () => {
  const script = `
    import { bearer, createServiceClient, get } from '@switchgear/client';
    const client = createServiceClient({
      target: 'users',
      baseUrl: 'http://127.0.0.1:1',
      operations: { read: get('/users') },
      auth: bearer(() => new Promise(() => {})),
      attemptTimeoutMs: 30,
      retry: { maxRetries: 0 },
    });
    await client.read().catch((error) => console.log(error.code));
    await client.close();
    console.log('closed');
  `;
  const child = spawn(
    process.execPath,
    ['--conditions=@switchgear/source', '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script],
    { cwd: import.meta.dirname, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const [code] = await once(child, 'close');
  assert.equal(out, 'SWITCHGEAR_ATTEMPT_TIMEOUT\nclosed\n');
  assert.equal(code, 0);
});
