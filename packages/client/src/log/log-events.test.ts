import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SwitchgearError } from '@switchgear/policy';
import { ManualClock } from '@switchgear/policy/testing';
import {
  bearer,
  type ClientEvent,
  createServiceClient,
  DomainError,
  get,
  post,
  type ServiceClientOptions,
} from '../index.ts';
import { answer, answerRaw, type MockScript, mockTransport, reset } from '../testing/index.ts';
import { type LogEventsOptions, logEvents } from './index.ts';
import { lineOf, loggedEvents } from './line-of.ts';

class UserNotFound extends DomainError {}

type Line = [level: string, facts: Record<string, unknown>, message: string];

function aLogger() {
  const lines: Line[] = [];
  const write = (level: string) => (facts: object, message: string) => void lines.push([level, { ...facts }, message]);
  return { lines, logger: { info: write('info'), warn: write('warn'), error: write('error') } };
}

const operations = {
  getUser: get('/users/{userId}', { errors: { 404: UserNotFound } }),
  getDegraded: get('/degraded/{userId}', { fallback: () => 'nobody' }),
  createUser: post('/users', {
    body: { '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) } },
  }),
};

function world(script: MockScript, more: Partial<ServiceClientOptions> = {}, options?: LogEventsOptions) {
  const clock = new ManualClock(5_000);
  const { lines, logger } = aLogger();
  const client = createServiceClient({
    target: 'user-service',
    baseUrl: 'http://users.internal',
    operations,
    retry: { maxRetries: 0 },
    transport: mockTransport(script),
    runtime: { clock, random: () => 0 },
    ...more,
  } as ServiceClientOptions<typeof operations>);
  const stop = logEvents(client, logger, options);
  return { client, clock, lines, logger, stop };
}

/** A client that says what a test makes it say. */
function saying(options?: LogEventsOptions) {
  const { lines, logger } = aLogger();
  let say: (event: ClientEvent) => void = () => {};
  const stop = logEvents(
    {
      on(listener) {
        say = listener;
        return () => {};
      },
    },
    logger,
    options,
  );
  return { lines, say: (event: object) => say(event as ClientEvent), stop };
}

test('a call that came to nothing is a line with its explanation and what finds it again', async () => {
  const { client, lines } = world([reset()]);
  const error = (await client.getUser({ userId: 7 }).catch((reason) => reason)) as SwitchgearError;
  const [[level, facts, message] = [], ...more] = lines;
  assert.deepEqual([level, message, more], ['warn', error.explain(), []]);
  const { target, operation, fate, attempts, code, sent, phase, stopped } = facts ?? {};
  assert.deepEqual([target, operation, fate, attempts], ['user-service', 'getUser', 'unavailable', 1]);
  assert.deepEqual([code, sent, phase, stopped], ['SWITCHGEAR_CONNECTION_LOST', 'maybe', 'wait', 'attempts-exhausted']);
  assert.match(String(facts?.traceId), /^[0-9a-f]{32}$/);
  assert.match(String(facts?.requestId), /^[0-9a-f-]{36}$/);
});

test('of an answer there is no line, whatever it is, nor of a caller who left', async () => {
  const { client, lines } = world([answer(200, {}), answer(404, {}), answer(409, {})]);
  await client.getUser({ userId: 1 });
  await client.getUser({ userId: 1 }).catch(() => {});
  await client.createUser({ body: {} }).catch(() => {});
  await client.getUser({ userId: 1 }, { signal: AbortSignal.abort('gone') }).catch(() => {});
  assert.deepEqual(lines, []);
});

test('a fallback that answered is told of, and what it stood in for', async () => {
  const { client, lines } = world([reset()]);
  await client.getDegraded({ userId: 1 });
  const [[level, facts, message] = []] = lines;
  assert.deepEqual([level, facts?.fate, facts?.code], ['info', 'degraded', 'SWITCHGEAR_CONNECTION_LOST']);
  assert.match(String(message), /^a fallback answered\. user-service\.getDegraded: /);
});

test('every transition of a breaker is a line, with its cause and its evidence', async () => {
  let up = false;
  const { client, clock, lines } = world(() => (up ? answer(200, {}) : reset()), {
    breaker: { consecutiveFailures: 2, openMs: 1_000, probes: 1 },
  });
  await client.getUser({ userId: 1 }).catch(() => {});
  await client.getUser({ userId: 1 }).catch(() => {});
  up = true;
  await clock.advance(2_000);
  await client.getUser({ userId: 1 });
  const moves = lines.filter(([, { event }]) => String(event).startsWith('breaker.'));
  assert.deepEqual(
    moves.map(([level, { event, cause }, message]) => [level, event, cause, message]),
    [
      [
        'warn',
        'breaker.opened',
        'consecutive-failures',
        'the breaker user-service opened: 2 of 2 calls failed, the last 2 in a row',
      ],
      ['info', 'breaker.half-opened', 'open-time-over', 'the breaker user-service lets probes through'],
      ['info', 'breaker.closed', 'probes-succeeded', 'the breaker user-service closed'],
    ],
  );
  assert.deepEqual(moves[0]?.[1].evidence, { calls: 2, failures: 2, consecutiveFailures: 2 });
});

test('what an operator does is written down, with the reason', async () => {
  const { client, lines } = world([]);
  client.operator.isolate('the database moves').release();
  client.operator.reset('it has moved');
  const control = { kind: 'isolation', reason: 'the database moves' };
  assert.deepEqual(
    lines
      .filter(([, { event }]) => /^(control|operator)\./.test(String(event)))
      .map(([level, facts, message]) => [level, message, facts.reason ?? kindAndReason(facts.control)]),
    [
      ['warn', 'an operator began: isolation', control],
      ['info', 'what an operator had begun is over: isolation, released', control],
      ['warn', 'an operator acted: reset', 'it has moved'],
    ],
  );
});

function kindAndReason(control: unknown) {
  const { kind, reason } = control as { kind: string; reason: string };
  return { kind, reason };
}

test('beyond a rate lines are left out, each kind by itself, and the next line says how many', async () => {
  const { client, clock, lines } = world(
    () => reset(),
    { breaker: { mode: 'disabled' } },
    { linesPerSecond: 1, burst: 2 },
  );
  for (let i = 0; i < 50; i++) await client.getUser({ userId: 1 }).catch(() => {});
  await client.createUser({ body: {} }).catch(() => {});
  assert.deepEqual(
    lines.map(([, { operation }]) => operation),
    ['getUser', 'getUser', 'createUser'],
  );
  await clock.advance(1_000);
  await client.getUser({ userId: 1 }).catch(() => {});
  assert.equal(lines[3]?.[1].leftOut, 48);
  await clock.advance(1_000);
  await client.getUser({ userId: 1 }).catch(() => {});
  assert.equal(lines[4]?.[1].leftOut, undefined);
});

test('a million kinds of lines keep no more memory than a few, and go on being limited', () => {
  const { lines, say } = saying({ burst: 1 });
  for (let i = 0; i < 1_000_000; i++) {
    say({
      type: 'host.ejected',
      at: i / 1_000,
      target: 't',
      host: `http://${i}.test`,
      reason: 'success-rate',
      forMs: 1,
      ejected: 1,
      hosts: 2,
    });
  }
  // As many kinds as are told apart, and one rate for all others.
  assert.ok(lines.length >= 500 && lines.length <= 502, String(lines.length));
});

test('one event is one line, whatever the other side has put into it', async () => {
  const forged = 'fine\n{"level":30,"msg":"all is well"}\r\n\u001b[2Jgone\u2028\u202eevil\u0000\u0085';
  const problem = JSON.stringify({ type: 'about:blank', title: forged, status: 500 });
  const { client, lines } = world([answerRaw(500, problem, { 'content-type': 'application/problem+json' })]);
  await client.getUser({ userId: 1 }).catch(() => {});
  const { lines: said, say } = saying();
  say({ type: 'auth.lost', at: 0, target: forged, reason: forged, error: undefined });
  say({
    type: 'hosts.resolved',
    at: 0,
    target: 't',
    ok: true,
    hosts: 1,
    added: [forged],
    removed: [],
    error: undefined,
  });
  say({
    type: 'tls.reload-failed',
    at: 0,
    target: 't',
    error: Object.assign(new Error('x'), { name: forged, code: forged }),
  });
  const texts = [...lines, ...said].flatMap(([, facts, message]) => [message, ...textsIn(facts)]);
  assert.equal([...lines, ...said].length, 4);
  assert.ok(texts.filter((text) => text.includes('\\u000a')).length >= 5);
  for (const text of texts) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there.
    assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
  }
});

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(textsIn);
  return [];
}

test('what is too long is cut off', () => {
  const { lines, say } = saying();
  say({ type: 'auth.lost', at: 0, target: 'x'.repeat(1_000_000), reason: 'no', error: undefined });
  assert.ok(JSON.stringify(lines).length < 4_000);
});

test('no secret of a call is in its line: no parameter, header, token, body, answer, or message of somebody else', async () => {
  const told = async (script: MockScript, more: Partial<ServiceClientOptions> = {}) => {
    const { client, clock, lines } = world(script, more);
    const all = [
      client.getUser(
        { userId: 'canary-id' },
        { headers: { 'x-mine': 'canary-header' }, principal: 'canary-principal' },
      ),
      client.createUser({ body: { password: 'canary-body' } }),
    ].map((call) => call.catch(() => {}));
    await clock.runAll();
    await Promise.all(all);
    assert.ok(lines.length > 0);
    assert.doesNotMatch(JSON.stringify(lines), /canary/);
  };
  await told(() => reset());
  await told(() => answer(500, { secret: 'canary-answer' }, { 'set-cookie': 'canary-cookie' }), {
    auth: bearer('canary-token'),
  });
  await told(() => answer(200, {}), {
    auth: bearer(async () => {
      throw new Error('canary-message');
    }),
  });
  await told(() => answer(200, {}), {
    interceptors: [
      {
        name: 'mine',
        afterCall() {
          throw new Error('canary-message');
        },
      },
    ],
  });
});

test('a logger that throws fails no call', async () => {
  const { client } = world([answer(503)]);
  const broken = (): never => assert.fail('the disk is full');
  logEvents(client, { info: broken, warn: broken, error: broken });
  await assert.rejects(client.getUser({ userId: 1 }), { code: 'SWITCHGEAR_HTTP_STATUS' });
});

test('asks for no event that has no line, and has a line for every one it asks for', () => {
  const facts = {
    at: 0,
    target: 't',
    operation: 'o',
    breaker: 'b',
    host: 'h',
    hook: 'afterCall',
    interceptor: 'i',
    ok: false,
    fate: 'refused',
    evidence: { calls: 1, failures: 1, consecutiveFailures: 1 },
    control: { kind: 'fault' },
    added: [],
    removed: [],
    error: new Error('x'),
  };
  for (const type of loggedEvents) assert.notEqual(lineOf({ ...facts, type } as never), undefined, type);
  assert.equal(lineOf({ ...facts, type: 'retry.scheduled' } as never), undefined);
});

test('writes nothing any more once it is stopped', async () => {
  const { client, lines, stop } = world(() => reset());
  stop();
  await client.getUser({ userId: 1 }).catch(() => {});
  assert.deepEqual(lines, []);
});

test('options are checked when it is made', () => {
  const { client, logger } = world([]);
  const refuses = (make: () => unknown, path: string): void =>
    assert.throws(make, { code: 'SWITCHGEAR_INVALID_CONFIG', path });
  refuses(() => logEvents(client, {} as never), 'logEvents.logger');
  refuses(() => logEvents(client, logger, { burst: 0 }), 'logEvents.burst');
  refuses(() => logEvents(client, logger, { linesPerSecond: 0 }), 'logEvents.linesPerSecond');
  refuses(() => logEvents(client, logger, { level: 'info' } as never), 'logEvents.level');
});
