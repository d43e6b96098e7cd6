/*
 * A process that makes a client, has it in the middle of everything that it can be in the middle of, and closes it. It
 * must end by itself, with nothing left that would keep it. Run by service-client-closing.test.ts.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { clientCredentials, createServiceClient, get, hostsFrom, post, undiciTransport } from '@switchgear/client';

const server = createServer((request, response) => {
  const { url = '' } = request;
  if (url.startsWith('/token')) response.setHeader('content-type', 'application/json').end('{"access_token":"t"}');
  else if (url.startsWith('/menu') && hits++ === 0) {
    response.setHeader('content-type', 'application/json').end('{}');
  } else if (url.startsWith('/stream')) response.write('the beginning');
  // Anything else is never answered.
});
let hits = 0;
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
// Only what the client holds may keep this process.
server.unref();

const client = createServiceClient({
  target: 'everything',
  baseUrl: hostsFrom(url, async () => [url]),
  auth: clientCredentials({ tokenUrl: `${url}/token`, clientId: 'id', clientSecret: 'secret' }),
  operations: {
    hang: get('/hang'),
    menu: get('/menu', { cache: { freshMs: 1, staleWhileRevalidateMs: 60_000 } }),
    stream: get('/stream', { responseAs: 'stream' }),
    create: post('/create'),
  },
  bulkhead: { maxConcurrent: 8, maxQueue: 8 },
  deadlineMs: 60_000,
  attemptTimeoutMs: 50_000,
  transport: undiciTransport,
});
client.operator.isolate('to be ended', { expiresInMs: 60_000 }).release();
client.operator.injectFault({ kind: 'latency', rate: 0.001, latencyMs: 1, expiresInMs: 60_000, reason: 'to be ended' });

await client.menu();
await new Promise((resolve) => setTimeout(resolve, 5));
// Answered from the cache; the refresh hangs.
await client.menu();
const read = await client.stream();
const reader = read.body.getReader();
await reader.read();
const unread = await client.stream();
const ends = await Promise.all(
  [
    ...Array.from({ length: 12 }, () => client.hang()),
    client.create(),
    reader.read(),
    client.close({ graceMs: 50 }).then(() => 'closed'),
  ].map((end) =>
    end.then(
      (value) => value,
      (error) => error.code,
    ),
  ),
);
void unread;
server.closeAllConnections();
await new Promise((resolve) => server.close(resolve));
// Pipes to the test that has started this are its own.
const remaining = (): string[] => process.getActiveResourcesInfo().filter((kind) => kind !== 'PipeWrap');
// A socket that has been destroyed is gone a few turns of the loop later; one that is held never is.
for (let turns = 0; turns < 1_000 && remaining().length > 0; turns++) {
  await new Promise((resolve) => setImmediate(resolve));
}
const left = remaining();
process.stdout.write(JSON.stringify({ ends, left, inFlight: client.snapshot().inFlight }));
