import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { Readable, Stream } from 'node:stream';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { SwitchgearError } from '@switchgear/policy';
import { ManualClock, settle } from '@switchgear/policy/testing';
import axios, { AxiosError, type AxiosInstance, type CreateAxiosDefaults } from 'axios';
import { canaries } from '../../../test/conformance/canaries.ts';
import { closedPort, hang, json, LoopbackServer, reset } from '../../../test/loopback-server.ts';
import { StreamServer } from '../../../test/stream-server.ts';
import { bearer, type ClientEvent, createServiceClient, get, type ServiceClientOptions } from '../../index.ts';
import { faultServer } from '../../testing/index.ts';
import { axiosAdapter, requestSettings } from './index.ts';

const operations = { getUser: get('/users/{userId}') };
const ada = { id: 42, name: 'Ada' };

function rig(baseUrl: string, more: Partial<ServiceClientOptions> = {}, defaults: CreateAxiosDefaults = {}) {
  const client = createServiceClient({
    target: 'user-service',
    baseUrl,
    operations,
    retry: { baseMs: 1, maxMs: 2 },
    budget: { minPerSecond: 1_000 },
    breaker: { minimumCalls: 1_000, consecutiveFailures: 0 },
    ...more,
  } as ServiceClientOptions<typeof operations>);
  const events: ClientEvent[] = [];
  client.on((event) => events.push(event));
  const api = axios.create({ ...defaults, adapter: axiosAdapter(client, axios) });
  return { client, api, events };
}

async function assertIdle(client: ReturnType<typeof rig>['client']): Promise<void> {
  await settle();
  const { inFlight, bulkhead } = client.snapshot();
  assert.deepEqual([inFlight, bulkhead.active, bulkhead.queued], [0, 0, 0]);
}

/** An error of axios, with ours as its cause. */
const failed =
  (code: string, ours?: string, facts: Partial<SwitchgearError> = {}) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof AxiosError && axios.isAxiosError(error), inspect(error));
    assert.equal(error.code, code);
    assert.ok(error.config !== undefined);
    if (ours !== undefined) {
      assert.ok(error.cause instanceof SwitchgearError);
      assert.equal(error.cause.code, ours);
      for (const [name, value] of Object.entries(facts)) assert.equal(Reflect.get(error.cause, name), value, name);
    }
    return true;
  };

test('code on an instance stays as it is: base URL, query, JSON both ways, headers, interceptors', async () => {
  await using server = await LoopbackServer.start(json(200, ada, { 'x-kind': 'plain', 'set-cookie': 'a=1' }));
  const { client, api, events } = rig(`${server.url}/api`, {}, { headers: { 'x-app': 'shop' } });
  api.interceptors.request.use((config) => {
    config.headers.set('x-intercepted', '1');
    return config;
  });
  const { data, status, statusText, headers, config } = await api.get('/users/42', {
    params: { expand: ['a', 'b c'] },
  });
  assert.deepEqual([data, status, statusText, config.url], [ada, 200, 'OK', '/users/42']);
  assert.deepEqual([headers['x-kind'], headers['set-cookie']], ['plain', ['a=1']]);
  await api.post('/users', { name: 'Ada' });
  await api.put('/users/42', new URLSearchParams({ name: 'Ada' }));
  await api.get('users/7', { baseURL: `${server.url}/api` });
  await api.request({ url: `${server.url}/api/users/8`, auth: { username: 'me', password: 'mine' } });
  assert.deepEqual(
    server.hits.map(({ method, path, body }) => [method, path, body]),
    [
      ['GET', '/api/users/42?expand%5B%5D=a&expand%5B%5D=b+c', ''],
      ['POST', '/api/users', '{"name":"Ada"}'],
      ['PUT', '/api/users/42', 'name=Ada'],
      ['GET', '/api/users/7', ''],
      ['GET', '/api/users/8', ''],
    ],
  );
  const [first, second, third, , last] = server.hits.map((hit) => hit.headers);
  assert.deepEqual([first?.['x-app'], first?.['x-intercepted']], ['shop', '1']);
  assert.match(first?.accept ?? '', /^application\/json/);
  assert.equal(second?.['content-type'], 'application/json');
  assert.match(third?.['content-type'] ?? '', /^application\/x-www-form-urlencoded/);
  assert.equal(last?.authorization, `Basic ${btoa('me:mine')}`);
  const names = events.flatMap((event) => (event.type === 'call.finished' ? [event.operation] : []));
  assert.deepEqual(names, ['getUser', '_other', '_other', 'getUser', 'getUser']);
  await assertIdle(client);
  await client.close();
});

test('gives data as responseType has it', async () => {
  await using server = await StreamServer.start((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    response.end(gzipSync('\uFEFF{"a":1}'));
  });
  const { client, api } = rig(server.url);
  assert.deepEqual((await api.get('/a')).data, { a: 1 });
  assert.deepEqual((await api.get('/a', { responseType: 'json' })).data, { a: 1 });
  assert.equal((await api.get('/a', { responseType: 'text' })).data, '{"a":1}');
  const bytes = (await api.get('/a', { responseType: 'arraybuffer' })).data;
  assert.ok(Buffer.isBuffer(bytes));
  assert.equal(bytes.toString(), '\uFEFF{"a":1}');
  const blob = (await api.get('/a', { responseType: 'blob' })).data;
  assert.deepEqual([blob.type, await blob.text()], ['application/json', '{"a":1}']);
  const { data, headers } = await api.get('/a', { responseType: 'stream' });
  assert.ok(data instanceof Readable);
  assert.equal(headers['content-encoding'], undefined, 'it has been decoded');
  assert.equal(client.snapshot().inFlight, 1);
  assert.equal(Buffer.concat(await data.toArray()).toString(), '\uFEFF{"a":1}');
  await assertIdle(client);
  await client.close();
});

test('a GET is sent again, and a POST never, unless it carries a key or never left', async () => {
  await using server = await LoopbackServer.start(reset, json(503, {}), json(200, ada));
  const { client, api } = rig(server.url);
  assert.deepEqual((await api.get('/users/42')).data, ada);
  assert.equal(server.hits.length, 3);

  server.script(reset);
  const lost = failed('ECONNRESET', 'SWITCHGEAR_CONNECTION_LOST', { sent: 'maybe', attempts: 1 });
  await assert.rejects(api.post('/users', ada), lost);
  await assert.rejects(api.patch('/users/42', ada), lost);
  assert.equal(server.hits.length, 5);
  server.script(json(503, { later: true }));
  await assert.rejects(api.post('/users', ada), failed('ERR_BAD_RESPONSE'));
  assert.equal(server.hits.length, 6);

  server.script(reset, json(201, {}));
  await api.post('/users', ada, { headers: { 'Idempotency-Key': 'k-1' } });
  server.script(reset, json(201, {}));
  await api.post('/users/search', ada, requestSettings({ idempotent: true }));
  assert.equal(server.hits.length, 10);

  const gone = rig(`http://127.0.0.1:${await closedPort()}`);
  const refused = failed('ECONNREFUSED', 'SWITCHGEAR_CONNECT_FAILED', { sent: 'never', attempts: 3 });
  await assert.rejects(gone.api.post('/users', ada), refused);
  await Promise.all([client.close(), gone.client.close()]);
});

test('a status is what validateStatus says, and an error of one has the answer', async () => {
  await using server = await LoopbackServer.start(json(404, { detail: 'no such user' }));
  const { client, api } = rig(server.url);
  const error = await api.get('/users/0').catch((thrown: unknown) => thrown);
  assert.ok(failed('ERR_BAD_REQUEST')(error) && axios.isAxiosError(error));
  assert.deepEqual(
    [error.status, error.response?.status, error.response?.data],
    [404, 404, { detail: 'no such user' }],
  );
  assert.equal((await api.get('/users/0', { validateStatus: (status) => status === 404 })).status, 404);
  assert.equal((await api.get('/users/0', { validateStatus: null })).status, 404);
  server.script(json(503, { nth: 1 }), json(503, { nth: 2 }), json(503, { nth: 3 }));
  const last = await api.get('/users/0', { validateStatus: null });
  assert.deepEqual([last.status, last.data], [503, { nth: 3 }]);
  await client.close();
});

test('writes what transformRequest made, forms and streams of every age too', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  const { client, api } = rig(server.url);
  const form = new FormData();
  form.set('name', 'Ada');
  await api.post('/a', form);
  await api.postForm('/a', { name: 'Ada', tags: ['x'] });
  await api.put('/a', Buffer.from('bytes'));
  await api.put('/a', new Uint8Array([97, 98]).buffer);
  await api.put('/a', Readable.from([Buffer.from('one '), Buffer.from('two')]));
  await api.put('/a', 'text', { headers: { 'content-type': 'text/csv' } });
  // As the `form-data` package makes them: no Readable, with headers of its own.
  const old = Object.assign(new Stream(), {
    getHeaders: () => ({ 'content-type': 'multipart/form-data; boundary=b' }),
  });
  const sent = api.put('/a', old);
  await settle();
  old.emit('data', Buffer.from('--b--'));
  old.emit('end');
  await sent;
  const [first, second, ...others] = server.hits;
  for (const hit of [first, second]) {
    assert.match(hit?.headers['content-type'] ?? '', /^multipart\/form-data; boundary=/);
    assert.ok(hit?.body.includes('name="name"') && hit.body.includes('Ada'));
  }
  assert.deepEqual(
    others.map(({ body }) => body),
    ['bytes', 'ab', 'one two', 'text', '--b--'],
  );
  assert.deepEqual(
    others.slice(3).map(({ headers }) => headers['content-type']),
    ['text/csv', 'multipart/form-data; boundary=b'],
  );
  server.script(reset);
  server.hits.length = 0;
  await assert.rejects(api.put('/a', Readable.from([Buffer.from('once')])), failed('ECONNRESET'));
  assert.equal(server.hits.length, 1);
  await client.close();
});

test('goes nowhere but to its service: another origin, a way up, and settings of a connection are refused', async () => {
  await using server = await faultServer();
  await using elsewhere = await faultServer();
  const { client, api } = rig(`${server.url}/api`, { auth: bearer(canaries.token) });
  for (const url of [`${elsewhere.url}/api/x`, '//evil/x', '/../x', '/users/%2e%2e/x', `${server.url}/outside`]) {
    await assert.rejects(api.get(url), failed('ERR_INVALID_URL', 'SWITCHGEAR_INVALID_REQUEST'), url);
  }
  await assert.rejects(api.get('/x', { baseURL: elsewhere.url }), failed('ERR_INVALID_URL'));
  for (const settings of [
    { socketPath: '/var/run/docker.sock' },
    { proxy: { host: 'proxy', port: 1 } },
    { httpAgent: {} },
    { httpsAgent: {} },
    { beforeRedirect: () => {} },
    { lookup: () => {} },
  ]) {
    await assert.rejects(api.get('/x', settings as object), failed('ERR_BAD_OPTION'), JSON.stringify(settings));
  }
  await assert.rejects(api.get('/x', { headers: { host: 'evil' } }), failed('ERR_BAD_OPTION_VALUE'));
  await assert.rejects(api.get('/x', { headers: { authorization: 'mine' } }), failed('ERR_BAD_OPTION_VALUE'));
  await assert.rejects(api.get('/x', { timeout: 'soon' as unknown as number }), failed('ERR_BAD_OPTION_VALUE'));
  await assert.rejects(api.request({ url: '/x', data: 'x' }), failed('ERR_BAD_OPTION_VALUE'));
  await assert.rejects(api.post('/x', 'xx', { maxBodyLength: 1 }), failed('ERR_BAD_REQUEST'));
  assert.deepEqual([server.sockets, elsewhere.sockets], [0, 0]);
  assert.equal((await api.get('/x', { proxy: false })).status, 200);
  assert.equal(server.requests[0]?.headers.authorization, `Bearer ${canaries.token}`);
  await client.close();
});

test('two layers of retries do not meet: axios-retry is refused while it is on', async () => {
  await using server = await LoopbackServer.start(reset);
  const { client, api } = rig(server.url);
  // As axios-retry marks the requests of an instance.
  let retries = 3;
  api.interceptors.request.use((config) => Object.assign(config, { 'axios-retry': { retries } }));
  await assert.rejects(api.post('/a', ada), failed('ERR_BAD_OPTION'));
  assert.equal(server.hits.length, 0);
  retries = 0;
  await assert.rejects(api.post('/a', ada), failed('ECONNRESET'));
  assert.equal(server.hits.length, 1);
  await client.close();
});

test('follows no redirect of its own accord', async () => {
  await using server = await faultServer();
  server.set('redirect-cross-origin', '/away');
  server.set('redirect-307', '/again');
  const { client, api } = rig(server.url);
  for (const path of ['/away', '/again']) {
    await assert.rejects(
      api.post(path, canaries.body),
      failed('ERR_FR_TOO_MANY_REDIRECTS', 'SWITCHGEAR_REDIRECT_REFUSED'),
    );
  }
  const shown = await api.get('/away', { maxRedirects: 0, validateStatus: null });
  assert.deepEqual([shown.status, shown.headers.location], [302, 'http://127.0.0.1:1/']);
  assert.equal(server.hits, 3);
  await client.close();
});

test('bounds an answer when it is decoded, by the client and for one request', async () => {
  await using server = await StreamServer.start((_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.end(gzipSync(Buffer.alloc(1024 * 1024)));
  });
  const { client, api } = rig(server.url, { maxBodyBytes: 2 * 1024 * 1024 });
  assert.equal((await api.get('/a', { responseType: 'arraybuffer' })).data.length, 1024 * 1024);
  await assert.rejects(api.get('/a', { maxContentLength: 1024 }), (error: Error) => {
    return failed('ERR_BAD_RESPONSE')(error) && error.message === 'maxContentLength size of 1024 exceeded';
  });
  const { data } = await api.get('/a', { maxContentLength: 1024, responseType: 'stream' });
  await assert.rejects(data.toArray(), /maxContentLength/);
  const small = rig(server.url, { maxBodyBytes: 64 * 1024 });
  await assert.rejects(small.api.get('/a'), failed('ERR_BAD_RESPONSE', 'SWITCHGEAR_RESPONSE_TOO_LARGE'));
  await assertIdle(client);
  await assertIdle(small.client);
  await Promise.all([client.close(), small.client.close()]);
});

test('a timeout is the deadline of the whole call, trickles included', async () => {
  const clock = new ManualClock();
  await using server = await StreamServer.start((_, response) => void response.write('half'));
  const { client, api, events } = rig(server.url, { runtime: { clock, random: () => 0.5 } });
  const table: [object, string, RegExp][] = [
    [{ timeout: 50 }, 'ECONNABORTED', /deadline/],
    [{ timeout: 50, timeoutErrorMessage: 'too slow' }, 'ECONNABORTED', /^too slow$/],
    [{ timeout: 50, transitional: { clarifyTimeoutError: true } }, 'ETIMEDOUT', /deadline/],
  ];
  for (const [settings, code, message] of table) {
    events.length = 0;
    const late = assert.rejects(api.get('/a', settings), (error: Error) => {
      return failed(code, 'SWITCHGEAR_DEADLINE_EXCEEDED', { phase: 'body' })(error) && message.test(error.message);
    });
    while (client.snapshot().inFlight === 0 || server.requests === 0) await new Promise((r) => setImmediate(r));
    for (let i = 0; i < 20; i++) await settle();
    await clock.advance(50);
    await late;
  }
  await assertIdle(client);
  await client.close();
});

test('a caller leaves by signal or by token, before, while it waits, and in a stream', async () => {
  await using server = await LoopbackServer.start(hang);
  const { client, api } = rig(server.url);
  const isCancelled = (error: unknown): boolean => axios.isCancel(error) && failed('ERR_CANCELED')(error);
  const gone = new Error('gone');
  await assert.rejects(api.get('/a', { signal: AbortSignal.abort(gone) }), isCancelled);
  assert.equal(server.hits.length, 0);

  const caller = new AbortController();
  const waiting = assert.rejects(api.get('/a', { signal: caller.signal }), (error: Error) => {
    return isCancelled(error) && error.cause === gone;
  });
  while (server.hits.length < 1) await new Promise((resolve) => setImmediate(resolve));
  caller.abort(gone);
  await waiting;

  const source = axios.CancelToken.source();
  const both = new AbortController();
  const settings = { cancelToken: source.token, signal: both.signal };
  const left = assert.rejects(api.get('/a', settings), { message: 'enough', code: 'ERR_CANCELED' });
  while (server.hits.length < 2) await new Promise((resolve) => setImmediate(resolve));
  source.cancel('enough');
  await left;

  server.script((_, response) => void response.write('half'));
  const reads = new AbortController();
  const { data } = await api.get('/a', { responseType: 'stream', signal: reads.signal });
  const broken = assert.rejects(data.toArray(), (error) => error === gone);
  reads.abort(gone);
  await broken;

  // A token outlives its requests, and keeps nothing of them.
  const kept = axios.CancelToken.source();
  server.script(json(200, {}));
  for (let i = 0; i < 5; i++) await api.get('/a', { cancelToken: kept.token });
  assert.deepEqual(Reflect.get(kept.token, '_listeners') ?? [], []);
  await assertIdle(client);
  await client.close();
});

test('says by its code when the circuit is open or all places are taken', async () => {
  await using server = await LoopbackServer.start(reset);
  const { client, api } = rig(server.url, { retry: { maxRetries: 0 }, breaker: { consecutiveFailures: 2 } });
  for (let i = 0; i < 2; i++) await assert.rejects(api.get('/a'));
  await assert.rejects(api.get('/a'), failed('SWITCHGEAR_CIRCUIT_OPEN', 'SWITCHGEAR_CIRCUIT_OPEN'));
  assert.equal(server.hits.length, 2);
  await client.close();
});

test('a log of its errors shows no secret; code that looks for the config and the answer finds them', async () => {
  await using server = await LoopbackServer.start(json(500, { secret: canaries.answer }), reset);
  const { client, api, events } = rig(server.url, { retry: { maxRetries: 0 } });
  const settings = {
    params: { q: canaries.query },
    headers: { 'x-api-key': canaries.header, cookie: canaries.cookie, 'idempotency-key': canaries.key },
    auth: { username: 'me', password: canaries.token },
  };
  const errors = [];
  for (const post of [0, 1]) {
    const error: unknown = await api.post(`/a${post}`, canaries.body, settings).catch((thrown: unknown) => thrown);
    assert.ok(axios.isAxiosError(error));
    assert.equal(error.config?.headers['x-api-key'], canaries.header);
    errors.push(error);
  }
  assert.equal(errors[0]?.response?.data.secret, canaries.answer);
  for (const error of errors) {
    for (const text of [String(error), JSON.stringify(error), inspect(error, { depth: 9 }), error.stack ?? '']) {
      for (const canary of [...Object.values(canaries), btoa(`me:${canaries.token}`)]) {
        assert.ok(!text.includes(canary), `${canary} in ${text}`);
      }
    }
  }
  assert.ok(!JSON.stringify(events).includes('canary'));
  await client.close();
});

test('its errors are those of the axios it is given, also of a CommonJS one', async () => {
  const required = createRequire(import.meta.url)('axios') as typeof axios;
  assert.notEqual(required.AxiosError, axios.AxiosError);
  await using server = await LoopbackServer.start(json(404, {}));
  const { client } = rig(server.url);
  const api: AxiosInstance = required.create({ adapter: axiosAdapter(client, required) });
  await assert.rejects(api.get('/a'), required.AxiosError);
  await assert.rejects(api.get('/a', { signal: AbortSignal.abort() }), required.CanceledError);
  await client.close();
});

test('takes defaults of its instance alone, and refuses what is no client and no axios', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  const { client, api } = rig(server.url);
  axios.defaults.baseURL = 'http://elsewhere.example';
  try {
    assert.equal((await api.get('/a')).status, 200);
  } finally {
    delete axios.defaults.baseURL;
  }
  assert.throws(() => axiosAdapter({} as never, axios), { path: 'axiosAdapter.client' });
  assert.throws(() => axiosAdapter(client, {} as never), { path: 'axiosAdapter.axios' });
  await client.close();
});
