import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventLog, ManualClock, seededRandom, settle } from '@switchgear/policy/testing';
import { bareCall, openOptions, readText } from '../../test/bare-send.ts';
import { createServiceClient, get, post, type ServiceClientOptions, type Transport } from '../index.ts';
import {
  answer,
  FaultPlan,
  type FaultRule,
  faultTransport,
  latency,
  mockTransport,
  refuse,
  reset,
  sentThen,
  stall,
  tooLarge,
  trickle,
} from './index.ts';

const operations = { getUser: get('/users/{userId}'), createUser: post('/users') };
const ada = { id: 42, name: 'Ada' };

/** A client over a mock that always answers, with faults between the two. */
function disturbed(faults: FaultPlan | readonly FaultRule[], random: () => number = () => 0) {
  const clock = new ManualClock();
  const events = new EventLog();
  const mock = mockTransport(() => answer(200, ada));
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal',
    operations,
    transport: faultTransport(mock, faults),
    retry: { maxRetries: 0 },
    breaker: { minimumCalls: 100_000, consecutiveFailures: 0 },
    runtime: { clock, random, events },
  } as ServiceClientOptions<typeof operations>);
  return { clock, events, mock, client };
}

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => assert.fail('did not fail'),
    (error: unknown) => error,
  );

test('without faults, a request goes its way', async () => {
  const { client, events, mock } = disturbed([]);
  assert.deepEqual(await client.getUser({ userId: 42 }), ada);
  assert.equal(mock.requests.length, 1);
  assert.equal(events.of('chaos.injected').length, 0);
});

test('a reply stands in place of being sent', async () => {
  const table = [
    [refuse(), { code: 'SWITCHGEAR_CONNECT_FAILED', sent: 'never' }],
    [reset(), { code: 'SWITCHGEAR_CONNECTION_LOST', sent: 'maybe' }],
    [reset('response'), { code: 'SWITCHGEAR_CONNECTION_LOST', sent: 'answered', phase: 'body' }],
    [answer(503), { code: 'SWITCHGEAR_HTTP_STATUS', status: 503 }],
    [tooLarge(), { code: 'SWITCHGEAR_RESPONSE_TOO_LARGE' }],
  ] as const;
  for (const [fault, expected] of table) {
    const { client, mock, events } = disturbed([{ fault }]);
    await assert.rejects(client.getUser({ userId: 42 }), expected);
    assert.equal(mock.requests.length, 0);
    assert.equal(events.of('chaos.injected')[0]?.kind, fault.kind === 'answer' ? 'result' : 'fault');
  }
});

test('a lost answer is lost after the service has done its work, and the client cannot tell', async () => {
  const { client, mock } = disturbed([{ fault: sentThen(reset()) }]);
  await assert.rejects(client.createUser(), { code: 'SWITCHGEAR_CONNECTION_LOST', sent: 'maybe', phase: 'wait' });
  assert.equal(mock.requests.length, 1);

  const stuck = disturbed([{ fault: sentThen(stall()) }]);
  const failed = assert.rejects(stuck.client.createUser(), {
    code: 'SWITCHGEAR_ATTEMPT_TIMEOUT',
    sent: 'maybe',
    phase: 'wait',
  });
  await stuck.clock.advance(1_000);
  await failed;
  assert.equal(stuck.mock.requests.length, 1);
});

test('a call whose answer will be lost is not told that it has begun', async () => {
  const clock = new ManualClock();
  const slow = faultTransport(mockTransport([answer(200, ada)]), [{ fault: trickle(5_000) }]);
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal',
    operations,
    transport: faultTransport(slow, [{ fault: sentThen(reset()) }]),
    runtime: { clock, random: () => 0 },
  });
  const failed = assert.rejects(client.createUser(), {
    code: 'SWITCHGEAR_ATTEMPT_TIMEOUT',
    phase: 'wait',
    sent: 'maybe',
  });
  await clock.advance(1_000);
  await failed;
});

test('latency holds a request up before it is sent, and adds up', async () => {
  const { client, clock, mock } = disturbed([{ fault: latency(100) }, { fault: latency(150) }]);
  const call = client.getUser.withMeta({ userId: 42 });
  await clock.advance(249);
  assert.equal(mock.requests.length, 0);
  await clock.advance(1);
  assert.equal((await call).durationMs, 250);
});

test('latency and then a failure: the first fault that decides is the last', async () => {
  const { client, clock } = disturbed([{ fault: latency(100) }, { fault: refuse() }, { fault: latency(5_000) }]);
  const failed = assert.rejects(client.getUser({ userId: 42 }), { code: 'SWITCHGEAR_CONNECT_FAILED' });
  await clock.advance(100);
  await failed;
});

test('a trickle is an answer whose body takes its time', async () => {
  const { client, clock, mock } = disturbed([{ fault: trickle(2_000) }]);
  const failed = assert.rejects(client.getUser({ userId: 42 }), { phase: 'body', sent: 'answered' });
  await clock.advance(1_000);
  await failed;
  assert.equal(mock.requests.length, 1);
});

test('a share of requests is hit, the same ones under the same seed', async () => {
  const hits = async (): Promise<string> => {
    const { client } = disturbed([{ fault: refuse(), rate: 0.3 }], seededRandom(7));
    const results: string[] = [];
    for (let i = 0; i < 200; i++) {
      results.push(
        await client.getUser({ userId: i }).then(
          () => '.',
          () => 'x',
        ),
      );
    }
    return results.join('');
  };
  const first = await hits();
  assert.equal(first, await hits());
  const count = first.replaceAll('.', '').length;
  assert.ok(count > 30 && count < 90, `${count} of 200`);
});

test('a rule says which requests, from when to when, and how many', async () => {
  const { client, clock } = disturbed([
    { fault: answer(500), when: ({ method }) => method === 'POST', times: 1 },
    { fault: answer(503), fromMs: 100, untilMs: 200 },
  ]);
  const statuses: unknown[] = [];
  const ask = async (send: () => Promise<unknown>): Promise<void> => {
    statuses.push(
      await send().then(
        () => 200,
        (error: { status: number }) => error.status,
      ),
    );
  };
  await ask(() => client.getUser({ userId: 1 }));
  await ask(() => client.createUser());
  await ask(() => client.createUser());
  await clock.advance(100);
  await ask(() => client.getUser({ userId: 1 }));
  await clock.advance(100);
  await ask(() => client.getUser({ userId: 1 }));
  assert.deepEqual(statuses, [200, 500, 200, 503, 200]);
});

test('a plan can be changed while it is in use, and its times count from then', async () => {
  const plan = new FaultPlan();
  const { client, clock } = disturbed(plan);
  await clock.advance(1_000);
  await client.getUser({ userId: 1 });
  plan.set([{ fault: refuse(), untilMs: 50 }]);
  await caught(client.getUser({ userId: 1 }));
  assert.equal(plan.injected, 1);
  await clock.advance(50);
  await client.getUser({ userId: 1 });
  plan.set([{ fault: refuse() }]);
  await caught(client.getUser({ userId: 1 }));
  plan.clear();
  await client.getUser({ userId: 1 });
  assert.equal(plan.injected, 2);
});

test('a rule that is itself broken hits nobody', async () => {
  const throwing = (): never => {
    throw new Error('broken');
  };
  for (const rule of [
    { when: throwing },
    { rate: throwing },
    { rate: () => Number.NaN },
    { when: () => 'yes' as never },
  ]) {
    const { client } = disturbed([{ fault: refuse(), ...rule }]);
    await client.getUser({ userId: 1 });
  }
});

test('a caller that leaves is not kept by a fault', async () => {
  for (const fault of [latency(10_000), stall(), sentThen(stall()), trickle(10_000)]) {
    const { client, clock } = disturbed([{ fault }]);
    const caller = new AbortController();
    const left = client.getUser({ userId: 1 }, { signal: caller.signal });
    await settle();
    caller.abort('left');
    assert.equal(await caught(left), 'left');
    assert.ok(clock.pending <= 1);
    assert.equal(client.snapshot().bulkhead.active, 0);
  }
});

test('closing and destroying reach the transport inside, and what faults hold is ended', async () => {
  const closed: string[] = [];
  const inner: Transport = {
    send: () => Promise.reject(new Error('not asked')),
    close: async () => void closed.push('close'),
    destroy: async () => void closed.push('destroy'),
  };
  const clock = new ManualClock();
  const options = openOptions(clock);
  const transport = faultTransport(() => inner, [{ fault: stall() }])(options);
  assert.equal(transport.stream, undefined, 'a transport that cannot stream does not learn it here');
  await transport.close();
  const request = { method: 'GET', path: '/', headers: [], body: undefined };
  const failed = assert.rejects(transport.send(request, bareCall), { reached: 'request' });
  await settle();
  await transport.destroy();
  await failed;
  assert.deepEqual(closed, ['close', 'destroy']);

  const stream = faultTransport(
    mockTransport(() => answer(200, ada)),
    [{ fault: trickle(100), times: 1 }],
  )(options);
  const response = await stream.stream?.(request, bareCall);
  const read = readText(response?.body);
  await clock.advance(99);
  await clock.advance(1);
  assert.deepEqual(await read, JSON.stringify(ada));
});

test('refuses a plan that cannot be, and keeps the old one', async () => {
  const code = 'SWITCHGEAR_INVALID_CONFIG';
  const plan = new FaultPlan([{ fault: refuse() }]);
  const nonsense = [
    7,
    [{}],
    [{ fault: {} }],
    [{ fault: refuse(), rate: 2 }],
    [{ fault: refuse(), times: -1 }],
    [{ fault: refuse(), odds: 1 }],
  ];
  for (const rules of nonsense) assert.throws(() => plan.set(rules as never), { code });
  assert.throws(() => latency(Number.NaN), { code });
  assert.throws(() => sentThen({} as never), { code });
  const { client } = disturbed(plan);
  assert.equal(((await caught(client.getUser({ userId: 1 }))) as { code: string }).code, 'SWITCHGEAR_CONNECT_FAILED');
});
