import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createServiceClient, currentIncoming, get } from '../index.ts';
import { answer, mockTransport, stall } from '../testing/index.ts';
import { httpIncoming } from './index.ts';

/** Services over cleartext HTTP/2, by path, and a client's end of a connection to them. */
async function rig(handlers: Readonly<Record<string, (response: Http2ServerResponse) => unknown>>) {
  const server = createServer(
    httpIncoming((request: Http2ServerRequest, response: Http2ServerResponse) => handlers[request.url]?.(response)),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return {
    session,
    async headersOf(headers: Record<string, string>) {
      const stream = session.request(headers);
      const [answered] = await once(stream, 'response');
      stream.resume();
      await once(stream, 'close');
      return answered as Record<string, string | number | undefined>;
    },
    async close() {
      session.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function further(script: Parameters<typeof mockTransport>[0]) {
  return createServiceClient({
    target: 'further',
    baseUrl: 'http://further.internal',
    retry: { baseMs: 1, maxMs: 1 },
    operations: { look: get('/look') },
    transport: mockTransport(script),
  });
}

test('node:http2: the same holds there', async () => {
  const away = further(() => answer(503, {}));
  const left = Promise.withResolvers<unknown>();
  const called = Promise.withResolvers<void>();
  const { session, headersOf, close } = await rig({
    '/id': (response) => void response.end(currentIncoming()?.requestId ?? ''),
    '/fails': (response) =>
      away.look().catch(() => {
        response.statusCode = 503;
        response.end();
      }),
    '/stalls': () => {
      called.resolve();
      return further(() => stall())
        .look()
        .catch(left.resolve);
    },
  });
  const fine = await headersOf({ ':path': '/id', 'x-request-id': 'r-1' });
  assert.deepEqual([fine[':status'], fine['x-request-id'], fine['x-should-retry']], [200, 'r-1', undefined]);
  const late = await headersOf({ ':path': '/id', 'grpc-timeout': '0n' });
  assert.deepEqual([late[':status'], late['x-should-retry']], [504, 'false']);
  const failed = await headersOf({ ':path': '/fails' });
  assert.deepEqual([failed[':status'], failed['x-should-retry']], [503, 'false']);

  const stream = session.request({ ':path': '/stalls' });
  stream.on('error', () => {});
  await called.promise;
  stream.close();
  assert.equal(((await left.promise) as Error).name, 'AbortError');
  await close();
});
