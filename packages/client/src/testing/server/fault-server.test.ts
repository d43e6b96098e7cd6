import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect as connectH2 } from 'node:http2';
import { connect } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { ManualClock, settle } from '@switchgear/policy/testing';
import { type FaultServer, faultServer, hostileRetryAfter, serverFaults } from '../index.ts';

/** Sends bytes as they are, and gives all that comes back until the other side closes. */
async function speak(server: FaultServer, text: string): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1').on('error', () => {});
  let heard = '';
  socket.on('data', (chunk) => {
    heard += chunk;
  });
  socket.write(text);
  await new Promise((resolve) => socket.once('close', resolve));
  return heard;
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;

test('counts what comes: requests, connections, bytes', async () => {
  await using server = await faultServer();
  server.script(['ok', 'ok', 'close-after-answer']);
  const post = 'POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nhello';
  const text = `${get('/users/0?a=b').replace('\r\n\r\n', '\r\nX-One: 1\r\n\r\n')}${get('/users/1')}${post}`;
  await speak(server, text);
  await speak(server, get('/'));
  assert.equal(server.hits, 4);
  assert.equal(server.sockets, 2);
  assert.equal(server.bytesIn, text.length + get('/').length);
  const [first] = server.requests;
  assert.deepEqual([first?.method, first?.path, first?.headers['x-one']], ['GET', '/users/0?a=b', '1']);
  assert.match(first?.head ?? '', /^GET \/users\/0\?a=b HTTP\/1.1\r\n/);
  assert.equal(server.requests[2]?.body, 'hello');
});

test('goes wrong by switch, in order, by path, and as the path names it', async () => {
  await using server = await faultServer();
  const status = async (path: string): Promise<number> =>
    (await fetch(server.url + path, { redirect: 'manual' })).status;
  server.set('unavailable');
  assert.equal(await status('/'), 503);
  server.script([500, 'rate-limited', { status: 418, headers: { 'x-tea': 'pot' }, body: 'short' }, 'ok']);
  assert.deepEqual(
    [await status('/'), await status('/'), await status('/'), await status('/'), await status('/')],
    [500, 429, 418, 200, 200],
  );
  server.set('unauthorised', '/private');
  assert.deepEqual([await status('/private?x=1'), await status('/public')], [401, 200]);
  assert.equal(await status('/faults/redirect-307'), 307);
  assert.equal(await status('/faults/no-such'), 200);
});

test('says what each of its faults is', () => {
  assert.ok(Object.keys(serverFaults).length > 40);
  for (const [fault, about] of Object.entries(serverFaults)) assert.ok(about.length > 5, fault);
  assert.ok(hostileRetryAfter.includes('9999999999'));
});

test('reads requests in pieces, together, and in chunks', async () => {
  await using server = await faultServer();
  server.script(['ok', 'ok', 'close-after-answer']);
  const chunked = 'POST /c HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n4\r\n two\r\n0\r\n\r\n';
  const text = `${get('/a')}POST /b HTTP/1.1\r\ncontent-length: 2\r\nx: 1\r\nx: 2\r\n\r\nhi${chunked}`;
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  for (const char of text) {
    socket.write(char);
    await settle();
  }
  socket.resume();
  await once(socket, 'close');
  assert.deepEqual(
    server.requests.map(({ path, body }) => [path, body]),
    [
      ['/a', ''],
      ['/b', 'hi'],
      ['/c', 'one two'],
    ],
  );
  assert.equal(server.requests[1]?.headers.x, '1, 2');
});

test('a fault that takes no notice of a request counts none', async () => {
  await using server = await faultServer();
  server.set('reset-before-read');
  assert.equal(await speak(server, get('/')), '');
  assert.equal(server.hits, 0);
  server.set('close-on-reuse');
  assert.match(await speak(server, get('/1') + get('/2')), /^HTTP\/1.1 200 OK/);
  assert.deepEqual(
    server.requests.map(({ path }) => path),
    ['/1'],
  );
});

test('drips on the clock it was given', async () => {
  const clock = new ManualClock();
  await using server = await faultServer({ runtime: { clock, random: () => 0 }, trickleMs: 1_000 });
  server.set('trickle');
  let bytes = 0;
  const request = httpRequest(
    server.url,
    (response) => void response.on('data', (chunk: Buffer) => (bytes += chunk.length)),
  );
  request.on('error', () => {}).end();
  await once(request, 'response');
  assert.equal(bytes, 0);
  for (let second = 1; second <= 3; second++) {
    await clock.advance(1_000);
    while (bytes < second) await settle();
    assert.equal(bytes, second);
  }
  request.destroy();
  while (server.openSockets > 0) await settle();
  assert.equal(clock.pending, 0);
});

test('gives out tokens, takes those it has not revoked, and can give out a stale one', async () => {
  await using server = await faultServer();
  server.set('newest-token-only');
  server.set('token', '/token');
  const token = async (): Promise<string> =>
    ((await (await fetch(`${server.url}/token`, { method: 'POST' })).json()) as { access_token: string }).access_token;
  const status = async (given: string): Promise<number> => {
    const response = await fetch(server.url, { headers: { authorization: `Bearer ${given}` } });
    await response.arrayBuffer();
    return response.status;
  };
  const first = await token();
  assert.deepEqual([await status(first), await status('token-9'), await status('')], [200, 401, 401]);
  server.revokeTokens();
  assert.equal(await status(first), 401);
  server.set('stale-token', '/token');
  assert.equal(await token(), first);
  server.set('token', '/token');
  assert.equal(await status(await token()), 200);
});

test('refuses on a port that nobody else can get', async () => {
  await using server = await faultServer();
  const { port } = new URL(await server.urlOf('refuse'));
  for (let i = 0; i < 2; i++) {
    const socket = connect(Number(port), '127.0.0.1');
    const [error] = (await once(socket, 'error').catch((reason: unknown) => [reason])) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED');
  }
});

test('has a certificate that a client can be told to trust, and that nobody trusts otherwise', async () => {
  await using server = await faultServer();
  const { port } = new URL(await server.urlOf('tls-self-signed'));
  const open = (ca?: string) =>
    connectTls({ port: Number(port), host: '127.0.0.1', ...(ca === undefined ? {} : { ca }) });
  const trusted = open(server.certificate);
  await once(trusted, 'secureConnect');
  assert.equal(trusted.authorized, true);
  trusted.write(get('/secret'));
  const [answer] = (await once(trusted, 'data')) as [Buffer];
  assert.match(String(answer), /^HTTP\/1.1 200/);
  trusted.destroy();
  const [error] = (await once(open(), 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
});

test('speaks HTTP/2 at a place of its own, and knows its two ways to say that a request was not looked at', async () => {
  await using server = await faultServer({ body: { id: 7 } });
  const session = connectH2(await server.urlOf('h2'), { ca: server.certificate });
  session.on('error', () => {});
  const ask = async (): Promise<string> => {
    const stream = session.request({ ':path': '/users?a=b', ':method': 'POST' });
    let text = '';
    stream.on('data', (chunk) => {
      text += chunk;
    });
    stream.end('hello');
    return new Promise((resolve) => {
      stream.once('error', () => resolve('failed'));
      stream.once('end', () => resolve(text));
    });
  };
  assert.equal(await ask(), '{"id":7}');
  assert.deepEqual([server.requests[0]?.path, server.requests[0]?.body], ['/users?a=b', 'hello']);
  server.script([{ status: 503, body: 'no' }, 'gzip-bomb', 'refused-stream', 'goaway']);
  assert.deepEqual([await ask(), await ask()], ['no', '']);
  assert.deepEqual([await ask(), server.hits], ['failed', 3]);
  await Promise.all([once(session, 'goaway'), ask()]);
  assert.equal(server.hits, 3);
  session.destroy();
});

test('closing destroys every connection, at every place', async () => {
  const server = await faultServer();
  server.set('never-headers');
  const places = [
    server.url,
    await server.urlOf('tls-stall'),
    await server.urlOf('black-hole'),
    await server.urlOf('refuse'),
  ];
  assert.equal(await server.urlOf('tls-stall'), places[1], 'a place is opened once');
  const sockets = [places[0], places[1]].map((url) => connect(Number(new URL(url as string).port), '127.0.0.1'));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  for (const socket of sockets)
    socket
      .on('error', () => {})
      .resume()
      .write(get('/'));
  while (server.hits === 0) await settle();
  const closed = sockets.map((socket) => once(socket, 'close'));
  await server.close();
  await Promise.all(closed);
  assert.equal(server.openSockets, 0);
});

test('refuses what it cannot do', async () => {
  const code = 'SWITCHGEAR_INVALID_CONFIG';
  await using server = await faultServer();
  assert.throws(() => server.set('no-such' as never), { code });
  assert.throws(() => server.set(99), { code });
  assert.throws(() => server.script([]), { code });
  await assert.rejects(server.urlOf('nowhere' as never), { code });
  await assert.rejects(faultServer({ trickleMs: -1 }), { code });
  await assert.rejects(faultServer({ port: 80 } as never), { code });
});
