import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipWithoutPostgres } from './postgres-for-tests.ts';

const MISSING = { kind: 'unavailable', reason: 'initdb is not there' } as const;

function skipMessage(env: NodeJS.ProcessEnv): string | undefined {
  let message: string | undefined;
  skipWithoutPostgres({ skip: (text) => (message = text) }, MISSING, env);
  return message;
}

test('skips with the plain reason', () => {
  assert.equal(skipMessage({}), 'PostgreSQL was not tested: initdb is not there');
});

test('fails on CI, where nobody reads what was skipped', () => {
  assert.throws(() => skipMessage({ CI: 'true' }), /PostgreSQL is missing on CI: initdb is not there/);
});

test('skips on CI when that is asked for', () => {
  assert.match(skipMessage({ CI: 'true', SWITCHGEAR_ALLOW_SKIP: '1' }) ?? '', /was not tested/);
});
