import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import { settle } from '../testing/manual-clock.ts';
import { pipeline } from './pipeline.ts';
import { type Registry, registry } from './registry.ts';

const refuses = (run: () => unknown, path: string, expected: string): void =>
  assert.throws(run, (error) => {
    const { path: at, message } = error as { path?: string; message: string };
    return at === path && message.startsWith(`${path}: expected ${expected}, got `);
  });

test('says of what it cannot use what it expected', () => {
  const wrong = 'x' as never;
  refuses(() => registry(wrong), 'registry.make', 'a function');
  refuses(() => registry(() => bulkhead()).by(wrong), 'registry.by', 'a function');
  refuses(() => registry(() => bulkhead()).get(1 as never), 'registry.key', 'a string');
  refuses(() => registry(() => wrong).get('a'), 'registry.make', 'a function that makes a policy');
  const circular: Registry<ReturnType<typeof bulkhead>> = registry((key) => circular.get(key));
  refuses(() => circular.get('a'), 'registry.make', 'a function that does not ask for its own key');
});

test('has a name in a pipeline', () => {
  assert.equal(registry(() => bulkhead()).by(() => 'a').name, 'registry');
  assert.equal(pipeline().name, 'pipeline');
});

test('a call whose key is no string passes by, and a promise in its place ends here', async () => {
  const made: string[] = [];
  const policies = registry((key) => {
    made.push(key);
    return bulkhead();
  });
  const keys = [async () => assert.fail('mine'), () => undefined, () => 5, () => assert.fail('mine')];
  for (const keyOf of keys)
    assert.equal(await policies.by(keyOf as unknown as () => string).execute(async () => 'ran'), 'ran');
  await settle();
  assert.deepEqual(made, []);
});
