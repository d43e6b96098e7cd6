import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ManualClock } from '@switchgear/policy/testing';
import * as z from 'zod';
import { bareCall, openOptions, readText } from '../../test/bare-send.ts';
import {
  bearer,
  clientCredentials,
  createServiceClient,
  get,
  type OpenTransport,
  post,
  type ServiceClientOptions,
  undiciTransport,
} from '../index.ts';
import {
  answer,
  answerRaw,
  type Cassette,
  cassetteVersion,
  faultServer,
  mockTransport,
  recorder,
  refuse,
  replay,
  reset,
  tooLarge,
} from './index.ts';

const operations = {
  getUser: get('/users/{userId}', { query: z.object({ key: z.string().optional(), page: z.number().optional() }) }),
  signIn: post('/sign-in', { body: z.object({ name: z.string(), password: z.string(), card: z.string().optional() }) }),
};
const ada = { id: 42, name: 'Ada' };

function clientOf(transport: OpenTransport, more: Partial<ServiceClientOptions> = {}) {
  const runtime = { clock: new ManualClock(), random: () => 0 };
  const given = {
    target: 'users',
    baseUrl: 'http://users.internal',
    operations,
    transport,
    runtime,
    retry: { maxRetries: 0 },
  };
  return createServiceClient({ ...given, ...more } as ServiceClientOptions<typeof operations>);
}

const outcome = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    (value) => value,
    (error: { code: string; sent: string; phase: string }) => [error.code, error.sent, error.phase],
  );

test('plays what was recorded, failures included, after a journey through JSON', async () => {
  const tape = recorder(
    mockTransport([
      answer(200, ada),
      reset(),
      answer(429, {}, { 'retry-after': '1' }),
      tooLarge(),
      refuse('ENOTFOUND'),
    ]),
  );
  const recorded = clientOf(tape);
  const first: unknown[] = [];
  for (let i = 0; i < 5; i++) first.push(await outcome(recorded.getUser({ userId: 42 })));

  const played = replay(JSON.stringify(tape.cassette()));
  const client = clientOf(played, { baseUrl: 'http://elsewhere.internal' });
  const second: unknown[] = [];
  for (let i = 0; i < 5; i++) second.push(await outcome(client.getUser({ userId: 42 })));
  assert.deepEqual(second, first);
  played.done();
});

test('records a real service', async () => {
  await using server = await faultServer({ body: ada });
  const tape = recorder(undiciTransport);
  const client = clientOf(tape, { baseUrl: server.url });
  await client.getUser({ userId: 42 });
  server.set('truncated-length');
  const failed = await outcome(client.getUser({ userId: 43 }));
  await client.close();
  const again = clientOf(replay(tape.cassette()));
  assert.deepEqual(await again.getUser({ userId: 42 }), ada);
  assert.deepEqual(await outcome(again.getUser({ userId: 43 })), failed);
});

test('keeps no credential: not in headers, the query, a form, JSON at any depth, nor in what is answered', async () => {
  const secrets = [
    's3cret-header',
    's3cret-token',
    's3cret-query',
    's3cret-password',
    's3cret-card',
    's3cret-cookie',
    's3cret-client',
  ];
  const mock = mockTransport(({ path }) =>
    path === '/token'
      ? answer(200, { access_token: 's3cret-token', expires_in: 60, nested: [{ refresh_token: 's3cret-token' }] })
      : answer(200, ada, { 'set-cookie': ['a=s3cret-cookie', 'b=2'] }),
  );
  const tape = recorder(mock, { redactHeaders: ['X-Tenant-Key'], redactFields: ['card'] });
  const client = clientOf(tape, {
    auth: clientCredentials({ tokenUrl: 'http://idp.internal/token', clientId: 'me', clientSecret: 's3cret-client' }),
    headers: { 'x-api-key': 's3cret-header', 'x-tenant-key': 's3cret-header' },
  });
  await client.getUser({ userId: 42, query: { key: 's3cret-query', page: 1 } });
  await client.signIn({ body: { name: 'Ada', password: 's3cret-password', card: 's3cret-card' } });
  const kept = JSON.stringify(tape.cassette(), null, 2);
  assert.deepEqual(
    secrets.filter((secret) => kept.includes(secret) || kept.includes(btoa(`me:${secret}`))),
    [],
  );
  assert.match(kept, /page=1/);

  // What was hidden when recording is hidden when asked for again, so it still fits.
  const again = clientOf(replay(kept), {
    headers: { 'x-api-key': 'another' },
    auth: bearer('another'),
  });
  assert.deepEqual(await again.getUser({ userId: 42, query: { key: 'another', page: 1 } }), ada);
  assert.deepEqual(await again.signIn({ body: { name: 'Ada', password: 'another', card: 'another' } }), ada);
});

test('keeps bytes that are no text, and packed ones as they came', async () => {
  const bytes = Buffer.from([0xff, 0x00, 0xfe]);
  const packed = gzipSync(JSON.stringify(ada));
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  const tape = recorder(mockTransport([answerRaw(200, packed, headers), answerRaw(500, bytes)]));
  const client = clientOf(tape);
  await client.getUser({ userId: 1 });
  await outcome(client.getUser({ userId: 2 }));
  const { exchanges } = JSON.parse(JSON.stringify(tape.cassette())) as Cassette;
  assert.deepEqual(
    exchanges.map(({ outcome: { kind } }) => kind),
    ['answer', 'answer'],
  );
  const [, second] = exchanges;
  assert.ok(second?.outcome.kind === 'answer');
  assert.deepEqual(second.outcome.body, { base64: bytes.toString('base64') });
  assert.deepEqual(await clientOf(replay(tape.cassette())).getUser({ userId: 1 }), ada);
});

test('plays by method, path and body, and equal ones in order', async () => {
  const tape = recorder(mockTransport(({ path, body }) => answer(200, { of: path + body })));
  const recorded = clientOf(tape);
  await recorded.getUser({ userId: 1 });
  await recorded.getUser({ userId: 2 });
  await recorded.signIn({ body: { name: 'Ada', password: '1' } });
  await recorded.signIn({ body: { name: 'Bob', password: '2' } });
  const client = clientOf(replay(tape.cassette()));
  assert.match(JSON.stringify(await client.signIn({ body: { name: 'Bob', password: '3' } })), /Bob/);
  assert.deepEqual(await client.getUser({ userId: 2 }), { of: '/users/2' });
  assert.deepEqual(await client.getUser({ userId: 1 }), { of: '/users/1' });
});

test('fails what was not recorded, and says what would have fitted best', async () => {
  const tape = recorder(mockTransport(() => answer(200, ada)));
  const recorded = clientOf(tape);
  await recorded.getUser({ userId: 1, query: { page: 1 } });
  await recorded.signIn({ body: { name: 'Ada', password: '1' } });
  const played = replay(tape.cassette());
  const client = clientOf(played, { retry: { maxRetries: 2 } });
  const message = async (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => assert.fail('did not fail'),
      (error: Error) => error.message,
    );
  assert.equal(
    await message(client.getUser({ userId: 1, query: { page: 2 } })),
    'replay: expected GET /users/1 with another query, got GET /users/1',
  );
  assert.equal(
    await message(client.signIn({ body: { name: 'Eve', password: '1' } })),
    'replay: expected POST /sign-in with another body, got POST /sign-in',
  );
  assert.equal(
    await message(client.getUser({ userId: 9 })),
    'replay: expected one of the 2 left, the next being GET /users/1, got GET /users/9',
  );
  await client.getUser({ userId: 1, query: { page: 1 } });
  await client.signIn({ body: { name: 'Ada', password: '1' } });
  assert.equal(await message(client.getUser({ userId: 1 })), 'replay: expected no request after 2, got GET /users/1');
  assert.throws(() => played.done(), { code: 'SWITCHGEAR_UNEXPECTED_REQUEST' });
});

test('says at the end what was not asked for', async () => {
  const tape = recorder(mockTransport(() => answer(200, ada)));
  await clientOf(tape).getUser({ userId: 1 });
  const played = replay(tape.cassette());
  assert.throws(() => played.done(), { message: 'replay: expected GET /users/1, got nothing more' });
  await clientOf(played).getUser({ userId: 1 });
  played.done();
});

test('refuses a cassette of another version, and what is none', () => {
  const good = recorder(mockTransport([])).cassette();
  replay(good);
  const bad: [cassette: unknown, path: string][] = [
    ['{', 'cassette'],
    [7, 'cassette'],
    [{ ...good, format: 'tape' }, 'cassette.format'],
    [{ ...good, version: cassetteVersion + 1 }, 'cassette.version'],
    [{ ...good, redacted: undefined }, 'cassette.redacted'],
    [{ ...good, exchanges: {} }, 'cassette.exchanges'],
    [{ ...good, exchanges: [{}] }, 'cassette.exchanges[0]'],
  ];
  for (const [cassette, path] of bad) {
    assert.throws(() => replay(cassette as string), { code: 'SWITCHGEAR_INVALID_CONFIG', path });
  }
  assert.throws(() => recorder(undiciTransport, { redact: [] } as never), { code: 'SWITCHGEAR_INVALID_CONFIG' });
});

test('does not keep a send that its caller gave up', async () => {
  const tape = recorder(mockTransport([answer(200, ada)]));
  const client = clientOf(tape);
  await assert.rejects(
    client.getUser({ userId: 1 }, { signal: AbortSignal.abort('left') }),
    (error) => error === 'left',
  );
  await client.getUser({ userId: 2 });
  assert.equal(tape.cassette().exchanges.length, 1);
});

test('records what is streamed, both ways, once it has been read to its end', async () => {
  const options = openOptions();
  async function* upload() {
    yield Buffer.from('up');
  }
  const tape = recorder(mockTransport([answerRaw(200, 'down'), answerRaw(200, 'unread')]));
  const transport = tape(options);
  const request = () => ({ method: 'POST', path: '/', headers: [], body: upload() });
  const response = await transport.stream?.(request(), bareCall);
  assert.equal(tape.cassette().exchanges.length, 0);
  assert.equal(await readText(response?.body), 'down');
  const unread = await transport.stream?.(request(), bareCall);
  unread?.body.destroy('enough');
  assert.equal(tape.cassette().exchanges.length, 1);
  const again = await replay(tape.cassette())(options).stream?.(request(), bareCall);
  assert.equal(await readText(again?.body), 'down');
});
