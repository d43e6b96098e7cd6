import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readUserServiceSettings } from './settings.ts';

test('starts without any variable, on loopback, and says which defaults are for development', () => {
  const { values, developmentDefaults } = readUserServiceSettings({});
  assert.equal(values.host, '127.0.0.1');
  assert.equal(values.port, 8081);
  assert.equal(values.databaseFile, '.data/users.sqlite');
  assert.equal(values.tokenTtlSeconds, 20);
  assert.equal(values.faults, 'off');
  assert.deepEqual(developmentDefaults, ['OAUTH_CLIENT_SECRET', 'SIGNING_SECRET']);
});

test('lists what production lacks and refuses faults there', () => {
  assert.throws(
    () => readUserServiceSettings({ NODE_ENV: 'production', SHOP_FAULTS: 'allow', TOKEN_TTL_SECONDS: '0' }),
    (error) =>
      error instanceof Error &&
      ['OAUTH_CLIENT_SECRET', 'SIGNING_SECRET', 'SHOP_FAULTS', 'TOKEN_TTL_SECONDS'].every((name) =>
        error.message.includes(`  ${name}: expected `),
      ),
  );
});

test('is content with secrets of its own in production', () => {
  const { developmentDefaults } = readUserServiceSettings({
    NODE_ENV: 'production',
    OAUTH_CLIENT_SECRET: 'c'.repeat(16),
    SIGNING_SECRET: 's'.repeat(32),
  });
  assert.deepEqual(developmentDefaults, []);
});
