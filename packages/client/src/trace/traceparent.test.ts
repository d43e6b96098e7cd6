import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTraceparent, parseTraceparent } from './traceparent.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';

test('reads what it writes', () => {
  const header = `00-${traceId}-${spanId}-01`;
  assert.deepEqual(parseTraceparent(header), { traceId, spanId, flags: 1 });
  assert.equal(formatTraceparent({ traceId, spanId, flags: 1 }), header);
  assert.equal(formatTraceparent({ traceId, spanId, flags: 0xfe }), `00-${traceId}-${spanId}-00`);
});

test('reads a later version by its first four fields', () => {
  assert.deepEqual(parseTraceparent(`cc-${traceId}-${spanId}-01-more`), { traceId, spanId, flags: 1 });
});

test('takes nothing malformed for a trace', () => {
  const wrong = [
    undefined,
    '',
    `00-${traceId}-${spanId}`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `ff-${traceId}-${spanId}-01`,
    `00-${traceId}-${spanId}-01-more`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}-01\r\nx: y`,
    'a'.repeat(10_000),
  ];
  for (const header of wrong) assert.equal(parseTraceparent(header), undefined, header);
});
