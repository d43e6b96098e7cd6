import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, settle } from '@switchgear/policy/testing';
import { bareCall, openOptions, readText } from '../../../test/bare-send.ts';
import { get, post } from '../../contract/operation.ts';
import { createServiceClient } from '../../service-client.ts';
import { type FetchLike, fetchTransport } from './index.ts';

const request = { method: 'GET', path: '/', headers: ['x-a', '1'], body: undefined };

/** A fetch that answers when it is told to. */
function heldFetch() {
  const held: { answer(response: Response): void; signal: AbortSignal; url: string }[] = [];
  const fetch: FetchLike = (url, init) =>
    new Promise((resolve, reject) => {
      const signal = init.signal as AbortSignal;
      signal.addEventListener('abort', () => reject(signal.reason));
      held.push({ url, signal, answer: resolve });
    });
  return { fetch, held };
}

/** A call that a test can cancel, and what it was told of its progress. */
function cancellable() {
  const told: string[] = [];
  let cancel: (reason: unknown) => void = () => {};
  const call = {
    ...bareCall,
    progress: (phase: string, sent: string) => void told.push(`${phase} ${sent}`),
    onCancel(run: (reason: unknown) => void) {
      cancel = run;
      return () => {};
    },
  };
  return { call, told, cancel: (reason: unknown) => cancel(reason) };
}

test('sends no more at a time than it has places, and says what it can of each', async () => {
  const { fetch, held } = heldFetch();
  const transport = fetchTransport(fetch)(openOptions());
  const first = transport.send(request, bareCall);
  const { call, told } = cancellable();
  const second = transport.send(request, call);
  await settle();
  assert.equal(held.length, 1);
  assert.deepEqual(told, ['queue never']);
  held[0]?.answer(new Response('one'));
  await first;
  await settle();
  held[1]?.answer(new Response('two', { status: 201, headers: { 'x-b': '2' } }));
  const { status, headers, body } = await second;
  assert.deepEqual([status, headers['x-b'], Buffer.from(body).toString()], [201, '2', 'two']);
  assert.deepEqual(told, ['queue never', 'wait maybe', 'body answered']);
  await transport.close();
});

test('who leaves while waiting for a place is told so, and takes none', async () => {
  const { fetch, held } = heldFetch();
  const transport = fetchTransport(fetch)(openOptions());
  const first = transport.send(request, bareCall);
  const { call, cancel } = cancellable();
  const left = assert.rejects(transport.send(request, call), /left/);
  await settle();
  cancel(new Error('left'));
  await left;
  held[0]?.answer(new Response('one'));
  await first;
  await settle();
  assert.equal(held.length, 1);
  await transport.close();
});

test('who leaves while it is under way is not kept waiting by a fetch that is deaf', async () => {
  const transport = fetchTransport(() => new Promise(() => {}))(openOptions());
  const { call, cancel } = cancellable();
  const left = assert.rejects(transport.send(request, call), /left/);
  await settle();
  cancel(new Error('left'));
  await left;
  await transport.close();
});

test('a stream keeps its place until it is read, or destroyed without having been read', async () => {
  const transport = fetchTransport(async () => new Response('body'))(openOptions());
  const read = await transport.stream?.(request, bareCall);
  assert.equal(await readText(read?.body), 'body');
  const unread = await transport.stream?.(request, bareCall);
  const waiting = transport.send(request, bareCall);
  await settle();
  unread?.body.destroy(new Error('not wanted'));
  assert.equal((await waiting).status, 200);
  await assert.rejects(readText(unread?.body), /not wanted/);
  await transport.close();
});

test('a body beyond the limit is not read on, whether it says its length or not', async () => {
  const endless = (): Response =>
    new Response(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array(600));
        },
      }),
    );
  const said = (): Response => new Response('x', { headers: { 'content-length': '1001' } });
  for (const answer of [endless, said]) {
    const transport = fetchTransport(async () => answer())(openOptions());
    await assert.rejects(transport.send(request, bareCall), /more than 1000 bytes/);
    await transport.close();
  }
});

test('destroying it ends what is under way', async () => {
  const { fetch, held } = heldFetch();
  const transport = fetchTransport(fetch)(openOptions());
  const sent = assert.rejects(transport.send(request, bareCall), /destroyed/);
  await settle();
  await transport.destroy();
  await sent;
  assert.equal(held[0]?.signal.aborted, true);
});

test('never sends a POST again after a failure, however plainly it says that nothing was sent', async () => {
  const clock = new ManualClock();
  let sends = 0;
  const refused: FetchLike = async () => {
    sends++;
    throw Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) });
  };
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal',
    operations: { make: post('/users', {}), read: get('/users') },
    transport: fetchTransport(refused),
    runtime: { clock, random: () => 0 },
  });
  assert.deepEqual(client.capabilities, { sentState: 'unknown', connectTimeout: false, headerLimit: false });
  const failed = assert.rejects(client.make(), { code: 'SWITCHGEAR_CONNECTION_LOST', sent: 'maybe', attempts: 1 });
  await clock.runAll();
  await failed;
  assert.equal(sends, 1);
  const again = assert.rejects(client.read(), { attempts: 3 });
  await clock.runAll();
  await again;
  assert.equal(sends, 4);
  await client.close();
});

test('refuses what fetch does not choose', () => {
  for (const asked of [{ address: '10.0.0.1' }, { egress: () => true }, { tls: () => ({}) }, { allowH2: true }]) {
    assert.throws(() => fetchTransport()({ ...openOptions(), ...(asked as object) }), {
      code: 'SWITCHGEAR_INVALID_CONFIG',
    });
  }
  assert.throws(() => fetchTransport('fetch' as never), /a function/);
});
