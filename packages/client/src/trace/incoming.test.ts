import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, currentDeadline, deadline, retry } from '@switchgear/policy';
import { ManualClock } from '@switchgear/policy/testing';
import { formatAttemptCount } from './attempt-count.ts';
import { currentIncoming, type IncomingOptions, readIncoming, withIncoming } from './incoming.ts';

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

function world() {
  const clock = new ManualClock(1_000);
  return { clock, runtime: { clock, random: () => 0 } };
}

test('reads everything that a request brings, once', () => {
  const { runtime } = world();
  const incoming = readIncoming(
    {
      'grpc-timeout': '2S',
      'x-request-deadline-ms': '700',
      traceparent,
      tracestate: 'vendor=1',
      baggage: 'plan=gold',
      'x-request-id': 'from-outside',
      'x-request-attempt': '2;max=3',
      'x-envoy-attempt-count': '4',
    },
    {},
    runtime,
  );
  assert.deepEqual(incoming, {
    deadline: 1_700,
    trace: { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', flags: 1 },
    tracestate: 'vendor=1',
    requestId: 'from-outside',
    baggage: 'plan=gold',
    attempt: { attempt: 2, max: 3 },
    meshAttempt: 4,
  });
});

test('takes what is malformed for not sent, and keeps nothing of a trace that is none', () => {
  const { runtime } = world();
  const hostile = readIncoming(
    {
      'x-request-deadline-ms': 'soon',
      traceparent: `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
      tracestate: 'vendor=1',
      baggage: 'a=1\r\nx: y',
      'x-request-id': 'a\r\nb',
      'x-request-attempt': '0;max=3',
      'x-envoy-attempt-count': '-1',
    },
    {},
    runtime,
  );
  assert.deepEqual(hostile, {
    deadline: Number.POSITIVE_INFINITY,
    trace: undefined,
    tracestate: undefined,
    requestId: undefined,
    baggage: undefined,
    attempt: undefined,
    meshAttempt: undefined,
  });
  for (const id of ['', 'x'.repeat(201), 'a\u0000b']) {
    assert.equal(readIncoming({ 'x-request-id': id }).requestId, undefined);
  }
});

test('reads the counts that it writes, and no others', () => {
  const read = (text: string) => readIncoming({ 'x-request-attempt': text }).attempt;
  assert.deepEqual(read(formatAttemptCount(2, 3)), { attempt: 2, max: 3 });
  assert.deepEqual(read('7'), { attempt: 7, max: undefined });
  assert.deepEqual(read('2; max=3'), { attempt: 2, max: 3 });
  for (const text of ['', '0', '01', '-1', '1.5', '2;max=', '2;max=0', '2;min=1', '99999', '1'.repeat(65_536)]) {
    assert.equal(read(text), undefined, text.slice(0, 20));
  }
});

test('every policy inside keeps the deadline of the request, and none outside', async () => {
  const { clock, runtime } = world();
  const incoming = readIncoming({ 'connect-timeout-ms': '300' }, {}, runtime);
  const seen = await withIncoming(
    incoming,
    async () => {
      assert.equal(currentIncoming(), incoming);
      assert.equal(currentDeadline(runtime), 1_300);
      return retry({}, runtime).execute(async (call) => call.deadline);
    },
    runtime,
  );
  assert.equal(seen, 1_300);
  assert.deepEqual([currentIncoming(), currentDeadline(runtime)], [undefined, Number.POSITIVE_INFINITY]);
  const late = withIncoming(
    incoming,
    () =>
      assert.rejects(
        deadline({ deadlineMs: 9_000 }, runtime).execute(() => new Promise(() => {})),
        { code: 'SWITCHGEAR_DEADLINE_EXCEEDED' },
      ),
    runtime,
  );
  await clock.advance(300);
  await late;
});

test('reads headers of your own names', () => {
  const { runtime } = world();
  const options = { deadlineHeader: 'X-Left', attemptHeader: 'X-Try' };
  const incoming = readIncoming({ 'x-left': '5', 'x-try': '2' }, options, runtime);
  assert.deepEqual([incoming.deadline, incoming.attempt?.attempt], [1_005, 2]);
});

test('refuses what is no header, and what it does not know', () => {
  const wrong: [options: unknown, path: string][] = [
    [{ deadlineHeader: 'x y' }, 'readIncoming.deadlineHeader'],
    [{ deadlineHeader: '' }, 'readIncoming.deadlineHeader'],
    [{ attemptHeader: 'host' }, 'readIncoming.attemptHeader'],
    [{ header: 'x' }, 'readIncoming.header'],
    ['x-left', 'readIncoming'],
  ];
  for (const [options, path] of wrong) {
    assert.throws(
      () => readIncoming({}, options as IncomingOptions),
      (error) => error instanceof ConfigError && error.path === path,
      path,
    );
  }
});
