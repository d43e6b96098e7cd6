import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { SwitchgearError } from '@switchgear/policy';
import { ManualClock } from '@switchgear/policy/testing';
import * as z from 'zod';
import { type Answer, type Hit, json, LoopbackServer } from '../../test/loopback-server.ts';
import { createServiceClient, get, post, type ServiceClientOptions } from '../index.ts';
import { type HmacKey, type HmacOptions, hmac } from './hmac.ts';

const operations = {
  read: get('/users/{id}', { query: z.object({ full: z.boolean().optional() }) }),
  write: post('/users', { body: z.object({ name: z.string() }), idempotencyKey: true }),
};

function clientOf(baseUrl: string, auth: HmacOptions, more: Partial<ServiceClientOptions> = {}) {
  const clock = new ManualClock();
  const runtime = { clock, random: () => 0 };
  const retry = { baseMs: 1, maxMs: 2 };
  return createServiceClient({ target: 'users', baseUrl, operations, auth: hmac(auth), runtime, retry, ...more } as {
    target: string;
    baseUrl: string;
    operations: typeof operations;
  });
}

/**
 * A verifier of its own, from the text of RFC 9421 and sharing nothing with the signer: takes the covered components out
 * of `Signature-Input`, rebuilds the base from what arrived, and compares.
 */
function verified(
  hit: Hit,
  keys: Readonly<Record<string, string>>,
  label = 'sig1',
): Record<string, string> | undefined {
  const input = String(hit.headers['signature-input']);
  const [, list = '', parameters = ''] = new RegExp(`^${label}=\\(([^)]*)\\)(.*)$`).exec(input) ?? [];
  const said = Object.fromEntries(
    [...parameters.matchAll(/;(\w+)=(?:"([^"]*)"|(\d+))/g)].map(([, name, text, number]) => [name, text ?? number]),
  ) as Record<string, string>;
  const [path = '', query] = hit.path.split(/\?(.*)/s);
  const lines = list.split(' ').map((quoted) => {
    const name = quoted.slice(1, -1);
    const value =
      name === '@method'
        ? hit.method
        : name === '@authority'
          ? hit.headers.host
          : name === '@path'
            ? path
            : name === '@query'
              ? `?${query ?? ''}`
              : hit.headers[name];
    return `${quoted}: ${value}`;
  });
  const base = [...lines, `"@signature-params": (${list})${parameters}`].join('\n');
  const expected = createHmac('sha256', keys[said.keyid ?? ''] ?? '')
    .update(base)
    .digest('base64');
  if (hit.headers.signature !== `${label}=:${expected}:`) return undefined;
  return { ...said, covered: list };
}

const key = { keyId: 'orders', secret: 'canary-shared-secret' };
const keys = { orders: 'canary-shared-secret' };

test('signs what goes out, body and idempotency key included, so that a verifier agrees', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  const client = clientOf(server.url, { ...key, tag: 'shop', validMs: 60_000 });
  await client.read({ id: 'a/b', query: { full: true } });
  await client.read({ id: 'c' });
  await client.write({ body: { name: 'Ada' } });
  const [withQuery, plain, write] = server.hits as [Hit, Hit, Hit];
  for (const hit of server.hits) assert.ok(verified(hit, keys), hit.path);
  assert.equal(verified(plain, keys)?.covered, '"@method" "@authority" "@path" "@query"');
  const said = verified(write, keys);
  assert.equal(
    said?.covered,
    '"@method" "@authority" "@path" "@query" "content-type" "content-digest" "idempotency-key"',
  );
  assert.deepEqual(
    [said?.created, said?.expires, said?.alg, said?.keyid, said?.tag],
    ['1700000000', '1700000060', 'hmac-sha256', 'orders', 'shop'],
  );
  const digest = createHash('sha256').update(write.body).digest('base64');
  assert.equal(write.headers['content-digest'], `sha-256=:${digest}:`);
  // And it does not agree with what was tampered with.
  for (const tampered of [
    { ...write, method: 'PUT' },
    { ...withQuery, path: withQuery.path.replace('true', 'false') },
    { ...write, headers: { ...write.headers, 'idempotency-key': 'another' } },
    { ...write, headers: { ...write.headers, 'content-digest': 'sha-256=:AAAA:' } },
    { ...plain, headers: { ...plain.headers, host: 'evil.test' } },
  ]) {
    assert.equal(verified(tampered as Hit, keys), undefined);
  }
  await client.close();
});

test('signs each attempt anew, with the headers that this one has', async () => {
  await using server = await LoopbackServer.start(json(503, {}), json(200, {}));
  const client = clientOf(
    server.url,
    { ...key, components: ['@method', 'traceparent', 'x-request-deadline-ms', 'x-request-id'], label: 'mine' },
    { runtime: { clock: new ManualClock(), random: () => 0 }, retry: { baseMs: 0.001 } },
  );
  await client.read({ id: 1 });
  const [first, second] = server.hits.map((hit) => verified(hit, keys, 'mine'));
  assert.equal(first?.covered, '"@method" "traceparent" "x-request-deadline-ms" "x-request-id"');
  assert.notEqual(first?.nonce, second?.nonce);
  assert.notEqual(server.hits[0]?.headers.traceparent, server.hits[1]?.headers.traceparent);
  assert.equal(server.hits[0]?.headers['x-request-id'], server.hits[1]?.headers['x-request-id']);
  await client.close();
});

test('the time of a signature is that of the wall, however it jumps, and a 401 about it is not retried', async () => {
  const skewed: Answer = (hit, response, request) => {
    const created = Number(verified(hit, keys)?.created);
    return json(Math.abs(created - 1_700_000_000) > 300 ? 401 : 200, {})(hit, response, request);
  };
  await using server = await LoopbackServer.start(skewed);
  const clock = new ManualClock();
  const client = clientOf(server.url, key, { runtime: { clock, random: () => 0 } });
  await client.read({ id: 1 });
  clock.jumpWall(3_600_000);
  await assert.rejects(client.read({ id: 1 }), { code: 'SWITCHGEAR_AUTHENTICATION_FAILED', sent: 'answered' });
  assert.equal(server.hits.length, 2);
  clock.jumpWall(-3_600_000);
  await client.read({ id: 1 });
  await client.close();
});

test('takes another key after a 401, for all clients that share it, and does not ask for key after key', async () => {
  let accepted = 'k1';
  const secrets: Record<string, string> = { k1: 'one', k2: 'two' };
  const current = { id: 'k1', asked: 0 };
  await using server = await LoopbackServer.start((hit, response, request) => {
    const said = verified(hit, secrets);
    return json(said?.keyid === accepted ? 200 : 401, {})(hit, response, request);
  });
  const clock = new ManualClock();
  const auth = hmac({
    key: async (): Promise<HmacKey> => {
      current.asked++;
      return { keyId: current.id, secret: Buffer.from(secrets[current.id] ?? '') };
    },
  });
  const open = () =>
    createServiceClient({
      target: 'users',
      baseUrl: server.url,
      operations,
      auth,
      runtime: { clock, random: () => 0 },
    });
  const [one, two] = [open(), open()];
  await Promise.all([one.read({ id: 1 }), two.read({ id: 1 })]);
  assert.equal(current.asked, 1);
  accepted = 'k2';
  current.id = 'k2';
  await Promise.all([one.read({ id: 1 }), two.write({ body: { name: 'Ada' } })]);
  assert.equal(current.asked, 2);
  accepted = 'nobody';
  for (let i = 0; i < 5; i++) {
    await assert.rejects(one.read({ id: 1 }), { code: 'SWITCHGEAR_AUTHENTICATION_FAILED' });
  }
  assert.equal(current.asked, 3);
  await one.close();
  await two.close();
});

test('says that a key is none, without showing it', async () => {
  await using server = await LoopbackServer.start(json(200, {}));
  for (const wrong of [{ keyId: 'é', secret: 'x' }, { keyId: 'a', secret: '' }, undefined]) {
    const client = clientOf(server.url, { key: async () => wrong as HmacKey }, { retry: { maxRetries: 0 } });
    await assert.rejects(client.read({ id: 1 }), { code: 'SWITCHGEAR_AUTHENTICATION_FAILED', sent: 'never' });
    await client.close();
  }
  assert.equal(server.hits.length, 0);
});

test('refuses settings that cannot be, and headers that only the signature may set', async () => {
  const table: [object, RegExp][] = [
    [{}, /keyId and secret together, or key/],
    [{ keyId: 'a' }, /together/],
    [{ secret: 'canary' }, /together/],
    [{ keyId: 'a', secret: 'canary', key: async () => key }, /together/],
    [{ keyId: 'a', key: async () => key }, /together/],
    [{ keyId: 'a\nb', secret: 'canary' }, /hmac\.keyId/],
    [{ keyId: 'a', secret: 7 }, /hmac\.secret/],
    [{ keyId: 'a', secret: new Uint8Array() }, /hmac\.secret/],
    [{ ...key, components: [] }, /hmac\.components/],
    [{ ...key, components: ['@query-param'] }, /hmac\.components/],
    [{ ...key, components: ['Date'] }, /hmac\.components/],
    [{ ...key, components: ['date', 'date'] }, /hmac\.components/],
    [{ ...key, components: ['content-length'] }, /hmac\.components/],
    [{ ...key, label: 'Sig' }, /hmac\.label/],
    [{ ...key, digest: 'md5' }, /hmac\.digest/],
    [{ ...key, tag: 'a\r\nb' }, /hmac\.tag/],
  ];
  for (const [wrong, message] of table) {
    assert.throws(
      () => hmac(wrong as HmacOptions),
      (error) => {
        assert.ok(error instanceof SwitchgearError && error.code === 'SWITCHGEAR_INVALID_CONFIG');
        assert.match(error.message, message);
        assert.ok(!inspect(error).includes('canary'));
        return true;
      },
    );
  }
  const client = clientOf('http://127.0.0.1:1', key);
  for (const name of ['Signature', 'signature-input', 'Content-Digest']) {
    await assert.rejects(client.read({ id: 1 }, { headers: { [name]: 'x' } }), { code: 'SWITCHGEAR_INVALID_REQUEST' });
  }
  await client.close();
});
