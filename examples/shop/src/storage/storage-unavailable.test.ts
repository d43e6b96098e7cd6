import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStorageUnavailable } from './storage-unavailable.ts';

const withFacts = (facts: object, message = 'failed'): Error => Object.assign(new Error(message), facts);

const CASES: readonly (readonly [string, unknown, boolean])[] = [
  ['SQLite busy', withFacts({ errcode: 5 }), true],
  ['SQLite busy while recovering, an extended code', withFacts({ errcode: 261 }), true],
  ['SQLite unique constraint', withFacts({ errcode: 2067, code: 'ERR_SQLITE_ERROR' }), false],
  ['PostgreSQL shutting down', withFacts({ code: '57P01' }), true],
  ['PostgreSQL statement timeout', withFacts({ code: '57014' }), true],
  ['PostgreSQL out of connections', withFacts({ code: '53300' }), true],
  ['PostgreSQL deadlock', withFacts({ code: '40P01' }), true],
  ['PostgreSQL syntax error', withFacts({ code: '42601' }), false],
  ['a refused connection', withFacts({ code: 'ECONNREFUSED' }), true],
  ['refused on every address', new AggregateError([withFacts({ code: 'ECONNREFUSED' })]), true],
  ['a pool without a free connection', new Error('timeout exceeded when trying to connect'), true],
  ['a connection lost in the middle', new Error('Connection terminated unexpectedly'), true],
  ['a defect', new TypeError('x is not a function'), false],
  ['not an error', 'ECONNREFUSED', false],
];

for (const [name, error, expected] of CASES) {
  test(`${expected ? 'may pass' : 'will not pass'}: ${name}`, () => {
    assert.equal(isStorageUnavailable(error), expected);
  });
}
