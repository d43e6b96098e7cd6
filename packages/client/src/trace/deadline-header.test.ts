import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DeadlineHeader, deadlineReader } from './deadline-header.ts';

const read = deadlineReader('X-Request-Deadline-Ms');

test('reads the time left in each of the four headers, in its own form', () => {
  const table: [name: string, text: string, leftMs: number][] = [
    ['x-request-deadline-ms', '800', 800],
    ['x-request-deadline-ms', '0', 0],
    ['x-request-deadline-ms', '-5', -5],
    ['connect-timeout-ms', '800', 800],
    ['connect-timeout-ms', '9999999999', 9_999_999_999],
    ['x-envoy-expected-rq-timeout-ms', '15000', 15_000],
    ['grpc-timeout', '1H', 3_600_000],
    ['grpc-timeout', '2M', 120_000],
    ['grpc-timeout', '3S', 3_000],
    ['grpc-timeout', '400m', 400],
    ['grpc-timeout', '50000u', 50],
    ['grpc-timeout', '99999999n', 99.999_999],
    ['grpc-timeout', '0n', 0],
  ];
  for (const [name, text, leftMs] of table) {
    assert.ok(Math.abs(read({ [name]: text }) - leftMs) < 1e-9, `${name}: ${text}`);
  }
});

test('takes what is malformed for not sent', () => {
  const table: [name: string, texts: readonly (string | string[])[]][] = [
    ['x-request-deadline-ms', ['', ' ', '8 0', '1.5', '1e3', '+5', '0x10', '1234567890', 'soon', ['1', '2'], '1, 2']],
    ['connect-timeout-ms', ['', '-1', '12345678901', '1s', '1.5', '1, 2']],
    ['x-envoy-expected-rq-timeout-ms', ['', '-1', '12345678901', '15s']],
    ['grpc-timeout', ['', '1', 'S', '1s', '1h', '123456789m', '-1S', '1.5S', '1 S', '1S1', '1S, 2S', '١S']],
  ];
  for (const [name, texts] of table) {
    for (const text of texts) assert.equal(read({ [name]: text }), Number.POSITIVE_INFINITY, `${name}: ${text}`);
  }
  assert.equal(read({ 'connect-timeout-ms': '9'.repeat(65_536) }), Number.POSITIVE_INFINITY);
});

test('takes a 0 of Envoy for no limit, as Envoy does', () => {
  assert.equal(read({ 'x-envoy-expected-rq-timeout-ms': '0' }), Number.POSITIVE_INFINITY);
});

test('the earliest holds, whatever the others say', () => {
  const all = {
    'x-request-deadline-ms': '800',
    'grpc-timeout': '2S',
    'connect-timeout-ms': '900',
    'x-envoy-expected-rq-timeout-ms': '700',
  };
  assert.equal(read(all), 700);
  assert.equal(read({ ...all, 'grpc-timeout': '5u' }), 0.005);
  assert.equal(read({ ...all, 'x-envoy-expected-rq-timeout-ms': 'nonsense' }), 800);
  assert.equal(read({}), Number.POSITIVE_INFINITY);
});

test('reads a header of another name in place of ours, in its own form if it has one', () => {
  const mine = deadlineReader('X-Left');
  assert.deepEqual([mine({ 'x-left': '5' }), mine({ 'x-request-deadline-ms': '5' })], [5, Number.POSITIVE_INFINITY]);
  assert.equal(deadlineReader('X-Envoy-Upstream-Rq-Timeout-Ms')({ 'x-envoy-upstream-rq-timeout-ms': '5' }), 5);
  assert.equal(deadlineReader('Grpc-Timeout')({ 'grpc-timeout': '5m' }), 5);
});

test('passes on less by the margin, by a tenth where that is less, and never less than nothing', () => {
  const header = new DeadlineHeader('X-Request-Deadline-Ms', 10);
  assert.equal(header.name, 'x-request-deadline-ms');
  const told = [1_000, 100, 50, 1, 0.5, 0, -20].map((leftMs) => header.valueFor(leftMs));
  assert.deepEqual(told, ['990', '90', '45', '0', '0', '0', '0']);
  assert.equal(header.valueFor(Number.POSITIVE_INFINITY), undefined);
});

test('writes each header in its own form, and reads back what it wrote', () => {
  const value = (name: string, leftMs: number) => new DeadlineHeader(name, 1).valueFor(leftMs);
  assert.equal(value('grpc-timeout', 801), '800m');
  assert.equal(value('grpc-timeout', 1e9), '999999S');
  assert.equal(value('connect-timeout-ms', 801), '800');
  // In this one 0 would ask for no limit at all.
  assert.equal(value('x-envoy-upstream-rq-timeout-ms', 0), '1');
  assert.equal(value('x-left', 1e15), '999999999');
  for (const name of ['grpc-timeout', 'connect-timeout-ms', 'x-envoy-upstream-rq-timeout-ms', 'x-left']) {
    const written = value(name, 2_001) as string;
    assert.equal(deadlineReader(name)({ [name]: written }), 2_000, name);
  }
});

test('what is told strictly falls from one service to the next, down to nothing', () => {
  const margin = fc.double({ min: 1, max: 60_000, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999_999 }), fc.array(margin, { minLength: 1 }), (leftMs, margins) => {
      let told = leftMs;
      for (const marginMs of margins) {
        // Not a moment has passed in between: time can only take more away.
        const next = Number(new DeadlineHeader('x-left', marginMs).valueFor(told));
        assert.ok(next >= 0 && (next < told || told === 0), `${told} became ${next}`);
        told = next;
      }
    }),
  );
});
