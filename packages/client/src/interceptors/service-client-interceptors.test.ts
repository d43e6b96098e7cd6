import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, isSwitchgearError, type SwitchgearError } from '@switchgear/policy';
import { ManualClock, settle } from '@switchgear/policy/testing';
import {
  bearer,
  type ClientEvent,
  createServiceClient,
  get,
  type HeaderEditor,
  type Interceptor,
  InterceptorError,
  post,
  type ServiceClientOptions,
} from '../index.ts';
import { after, answer, mockTransport, type Reply, stall } from '../testing/index.ts';

const operations = {
  getUser: get('/users/{userId}'),
  getMenu: get('/menu', { cache: { freshMs: 60_000 } }),
  createUser: post('/users'),
  watch: get('/feed', { responseAs: 'stream' }),
};

function world(
  interceptors: readonly Interceptor[],
  replies: readonly Reply[],
  more: Partial<ServiceClientOptions> = {},
) {
  const clock = new ManualClock();
  const mock = mockTransport(replies);
  const client = createServiceClient({
    target: 'users',
    baseUrl: 'http://users.internal/api',
    operations,
    retry: { jitter: 'none', baseMs: 100 },
    transport: mock,
    runtime: { clock, random: () => 0 },
    interceptors,
    ...more,
  } as ServiceClientOptions<typeof operations>);
  const events: ClientEvent[] = [];
  client.on((event) => events.push(event));
  /** Nothing is kept by a call that has ended. */
  const released = () => {
    const { inFlight, bulkhead } = client.snapshot();
    return inFlight === 0 && bulkhead.active === 0 && clock.pending <= 1;
  };
  return { clock, client, events, mock, released };
}

/** Notes each of its hooks as it is called. */
function noting(name: string, notes: string[]): Interceptor {
  return {
    name,
    beforeCall: () => void notes.push(`${name} before call`),
    beforeAttempt: ({ attempt }) => void notes.push(`${name} before attempt ${attempt}`),
    afterAttempt: ({ attempt }, { status }) => void notes.push(`${name} after attempt ${attempt}: ${status}`),
    afterCall: (_, { fate }) => void notes.push(`${name} after call: ${fate}`),
  };
}

async function failure(call: Promise<unknown>): Promise<SwitchgearError> {
  const error = await call.catch((reason: unknown) => reason);
  assert.ok(isSwitchgearError(error), String(error));
  return error;
}

const never = () => new Promise<void>(() => {});

test('runs from the first to the last on the way out, and back from the last to the first, around every attempt', async () => {
  const notes: string[] = [];
  const { client, clock } = world([noting('a', notes), noting('b', notes)], [answer(503), answer(200, {})]);
  const call = client.getUser({ userId: 1 });
  await clock.runAll();
  await call;
  assert.deepEqual(notes, [
    'a before call',
    'b before call',
    'a before attempt 1',
    'b before attempt 1',
    'b after attempt 1: 503',
    'a after attempt 1: 503',
    'a before attempt 2',
    'b before attempt 2',
    'b after attempt 2: 200',
    'a after attempt 2: 200',
    'b after call: ok-retried',
    'a after call: ok-retried',
  ]);
});

test('tells what is asked and what came of it, with the same object before and after', async () => {
  const seen: unknown[] = [];
  const subjects: unknown[] = [];
  const watching: Interceptor = {
    name: 'watching',
    beforeCall: (call) => void subjects.push(call),
    beforeAttempt: (attempt) => void subjects.push(attempt),
    afterAttempt(attempt, { status, headers, error, durationMs }) {
      assert.equal(attempt, subjects[1]);
      assert.equal(attempt.call, subjects[0]);
      seen.push([attempt.host, attempt.attempt, status, headers?.['x-left'], (error as Error)?.name, durationMs]);
    },
    afterCall(call, { fate, attempts, error, durationMs }) {
      assert.equal(call, subjects[0]);
      seen.push([call.operation, call.method, call.template, call.idempotent, call.deadline]);
      seen.push([fate, attempts, (error as Error)?.name, durationMs]);
    },
  };
  const { client, clock } = world([watching], [after(30, answer(409, {}, { 'x-left': '3' }))]);
  const failed = failure(client.createUser());
  await clock.runAll();
  await failed;
  assert.deepEqual(seen, [
    ['http://users.internal', 1, 409, '3', 'HttpStatusError', 30],
    ['createUser', 'POST', '/api/users', false, 3_000],
    ['answered', 1, 'HttpStatusError', 30],
  ]);
  assert.ok(subjects.every(Object.isFrozen));
});

test('sets headers: of a call for every attempt, of an attempt for that one alone, in place of what was there', async () => {
  const setting: Interceptor = {
    name: 'setting',
    async beforeCall(_, headers) {
      assert.equal(headers.get('Accept'), 'application/json');
      headers.set('Accept', 'application/vnd.users+json');
      await settle();
      headers.set('X-Tenant', 'acme');
      headers.set('x-gone', '1');
    },
    beforeAttempt({ attempt }, headers) {
      headers.delete('X-Gone');
      headers.set('x-attempt', String(attempt));
      assert.equal(headers.get('x-tenant'), 'acme');
    },
  };
  const { client, clock, mock } = world([setting], [answer(503), answer(200, {})]);
  const call = client.getUser({ userId: 1 }, { headers: { 'x-mine': 'mine' } });
  await clock.runAll();
  await call;
  assert.deepEqual(
    mock.requests.map(({ headers }) => [headers.accept, headers['x-tenant'], headers['x-attempt'], headers['x-mine']]),
    [
      ['application/vnd.users+json', 'acme', '1', 'mine'],
      ['application/vnd.users+json', 'acme', '2', 'mine'],
    ],
  );
  assert.ok(mock.requests.every(({ headers }) => headers['x-gone'] === undefined));
});

test("refuses headers that are the client's own or cannot be sent, and shows none of their values", async () => {
  const wrong: [string, string][] = [
    ['authorization', 'Bearer canary'],
    ['X-Request-Deadline-Ms', '999999'],
    ['traceparent', 'canary'],
    ['content-length', '0'],
    ['host', 'canary.example'],
    ['idempotency-key', 'canary'],
    ['x-split', 'a\r\nx-canary: 1'],
    ['x space', 'canary'],
  ];
  for (const [name, value] of wrong) {
    const setting: Interceptor = { name: 'setting', beforeAttempt: (_, headers) => headers.set(name, value) };
    const { client, mock, released } = world([setting], [answer(200, {})], { auth: bearer('token') });
    const error = await failure(client.getUser({ userId: 1 }));
    assert.ok(error instanceof InterceptorError, name);
    assert.ok(error.cause instanceof TypeError);
    assert.doesNotMatch(`${error.cause.message} ${JSON.stringify(error)} ${error.explain()}`, /canary/, name);
    assert.equal(mock.requests.length, 0);
    assert.ok(released());
  }
});

test('never sees a token', async () => {
  const seen: unknown[] = [];
  const looking: Interceptor = {
    name: 'looking',
    beforeAttempt: (_, headers) => void seen.push(headers.get('authorization')),
  };
  const { client, mock } = world([looking], [answer(200, {})], { auth: bearer('token') });
  await client.getUser({ userId: 1 });
  assert.deepEqual(seen, [undefined]);
  assert.equal(mock.requests.length, 1);
});

test("a hook that throws on the way out fails the call as the caller's fault, and what had been entered is left", async () => {
  for (const hook of ['beforeCall', 'beforeAttempt'] as const) {
    for (const failing of [
      () => {
        throw new Error('no');
      },
      async () => {
        throw new Error('no');
      },
    ]) {
      const notes: string[] = [];
      const broken: Interceptor = { ...noting('broken', notes), [hook]: failing };
      const { client, events, mock, released } = world(
        [noting('outer', notes), broken, noting('inner', notes)],
        [answer(200, {})],
      );
      const error = await failure(client.getUser({ userId: 1 }));
      assert.ok(error instanceof InterceptorError);
      assert.deepEqual([error.code, error.interceptor, error.hook], ['SWITCHGEAR_INTERCEPTOR_FAILED', 'broken', hook]);
      assert.equal((error.cause as Error).message, 'no');
      assert.equal(error.message, `${hook} of the interceptor broken failed`);
      assert.deepEqual([error.sent, mock.requests.length], ['never', 0]);
      const after = notes.filter((note) => note.includes('after'));
      assert.deepEqual(
        after,
        hook === 'beforeCall'
          ? ['outer after call: misused']
          : [
              'outer after attempt 1: undefined',
              'inner after call: misused',
              'broken after call: misused',
              'outer after call: misused',
            ],
      );
      assert.deepEqual(
        [client.snapshot().breaker.failures, events.some(({ type }) => type === 'retry.scheduled')],
        [0, false],
      );
      assert.ok(released());
    }
  }
});

test('a hook that hangs before a call ends at its deadline, and before an attempt at its timeout, with nothing kept', async () => {
  for (const [hook, code, ms] of [
    ['beforeCall', 'SWITCHGEAR_DEADLINE_EXCEEDED', 3_000],
    ['beforeAttempt', 'SWITCHGEAR_ATTEMPT_TIMEOUT', 1_000],
  ] as const) {
    const notes: string[] = [];
    const hanging: Interceptor = { name: 'hanging', [hook]: never };
    const { client, clock, mock, released } = world([noting('outer', notes), hanging], [answer(200, {})], {
      retry: { maxRetries: 0 },
    });
    const failed = failure(client.createUser());
    await clock.advance(ms);
    const error = await failed;
    assert.deepEqual([error.code, error.sent, mock.requests.length], [code, 'never', 0]);
    assert.equal(client.snapshot().breaker.failures, 0);
    assert.ok(released());
    assert.equal(notes.at(-1), 'outer after call: timed-out');
    assert.equal(
      notes.filter((note) => note === 'outer after attempt 1: undefined').length,
      hook === 'beforeCall' ? 0 : 1,
    );
  }
});

test('a caller who leaves while a hook is waited for is let go at once', async () => {
  for (const hook of ['beforeCall', 'beforeAttempt'] as const) {
    const { client, mock, released } = world([{ name: 'hanging', [hook]: never }], [answer(200, {})]);
    const caller = new AbortController();
    const left = client.getUser({ userId: 1 }, { signal: caller.signal }).catch((reason) => reason);
    await settle();
    caller.abort('gone');
    assert.equal(await left, 'gone');
    assert.equal(mock.requests.length, 0);
    assert.ok(released());
  }
});

test('a hook that was not waited for to its end can change nothing any more', async () => {
  let late: HeaderEditor | undefined;
  const keeping: Interceptor = {
    name: 'keeping',
    beforeAttempt(_, headers) {
      late = headers;
    },
  };
  const { client } = world([keeping], [answer(200, {})]);
  await client.getUser({ userId: 1 });
  assert.throws(() => late?.set('x-late', '1'), /until the hook has ended/);
  assert.throws(() => late?.delete('accept'), /until the hook has ended/);
});

test('a hook that throws after the fact changes no outcome, and an event tells of it', async () => {
  const broken: Interceptor = {
    name: 'broken',
    afterAttempt: () => {
      throw new Error('after attempt');
    },
    afterCall: async () => {
      throw new Error('after call');
    },
  };
  const notes: string[] = [];
  const { client, events } = world([noting('outer', notes), broken], [answer(200, { id: 1 })]);
  assert.deepEqual(await client.getUser({ userId: 1 }), { id: 1 });
  await settle();
  assert.deepEqual(
    events.flatMap((event) =>
      event.type === 'interceptor.failed'
        ? [[event.interceptor, event.hook, event.operation, String(event.error)]]
        : [],
    ),
    [
      ['broken', 'afterAttempt', 'getUser', 'Error: after attempt'],
      ['broken', 'afterCall', 'getUser', 'Error: after call'],
    ],
  );
  assert.ok(notes.includes('outer after attempt 1: 200') && notes.includes('outer after call: ok'));
});

test('comes back from an attempt that is given up, once, whether its transport heeds that or not', async () => {
  const notes: string[] = [];
  const { client, clock } = world([noting('a', notes)], [stall()], { retry: { maxRetries: 0 } });
  const failed = failure(client.getUser({ userId: 1 }));
  await clock.advance(1_000);
  await failed;
  assert.deepEqual(notes.slice(2), ['a after attempt 1: undefined', 'a after call: timed-out']);
});

test('a call that is answered from the cache has no attempt; what a hook sets tells answers apart', async () => {
  let tenant = 'acme';
  const notes: string[] = [];
  const setting: Interceptor = { ...noting('a', notes), beforeCall: (_, headers) => headers.set('x-tenant', tenant) };
  const { client, mock } = world([setting], [answer(200, 1), answer(200, 2)]);
  assert.equal(await client.getMenu(), 1);
  assert.equal(await client.getMenu(), 1);
  assert.deepEqual(notes.slice(-1), ['a after call: cached']);
  tenant = 'other';
  assert.equal(await client.getMenu(), 2);
  assert.equal(mock.requests.length, 2);
});

test('comes back from a streamed answer when its body has ended', async () => {
  const notes: string[] = [];
  const { client } = world([noting('a', notes)], [answer(200, {})]);
  const streamed = await client.watch();
  assert.deepEqual(notes, ['a before call', 'a before attempt 1']);
  for await (const _ of streamed.body);
  assert.deepEqual(notes.slice(2), ['a after attempt 1: 200', 'a after call: ok']);
});

test('input that is refused, and a client that is closed, reach no hook', async () => {
  const notes: string[] = [];
  const { client } = world([noting('a', notes)], []);
  await assert.rejects(client.getUser({ userId: '..' }));
  await client.close();
  await assert.rejects(client.getUser({ userId: 1 }));
  assert.deepEqual(notes, []);
});

test('refuses what is no interceptor when the client is made', () => {
  const table: [unknown, string][] = [
    [{}, 'createServiceClient.interceptors'],
    [[{ beforeCall() {} }], 'createServiceClient.interceptors[0].name'],
    [[{ name: 'a' }], 'createServiceClient.interceptors[0]'],
    [[{ name: 'a', beforeCall: 1 }], 'createServiceClient.interceptors[0].beforeCall'],
    [
      [
        { name: 'a', beforeCall() {} },
        { name: 'b', before() {} },
      ],
      'createServiceClient.interceptors[1].before',
    ],
  ];
  for (const [interceptors, path] of table) {
    assert.throws(
      () => world(interceptors as Interceptor[], []),
      (error) => error instanceof ConfigError && error.path === path,
      path,
    );
  }
});
