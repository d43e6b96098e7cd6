import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { isSwitchgearError } from './errors.ts';
import { StateStoreError } from './state-store-error.ts';

test('says why there is no decision, and nothing of what the driver said', () => {
  const cause = new Error('NOAUTH redis://user:canary@10.0.0.1');
  const error = new StateStoreError('the state store refused us', 'misconfigured', { cause });
  assert.ok(isSwitchgearError(error));
  assert.deepEqual([error.code, error.reason, error.cause], ['SWITCHGEAR_STATE_STORE', 'misconfigured', cause]);
  assert.equal(JSON.parse(JSON.stringify(error)).reason, 'misconfigured');
  for (const shown of [inspect(error, { depth: 10 }), JSON.stringify(error), error.explain()]) {
    assert.ok(!shown.includes('canary'), shown);
  }
});

test('counts for nothing and is not a reason to call again, should a call ever end with it', () => {
  assert.deepEqual(new StateStoreError('no answer', 'timeout').verdict(), { kind: 'ignored', retry: 'never' });
});
