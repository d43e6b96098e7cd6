import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEVELOPMENT_CLIENT } from '../config/development-client.ts';
import { readOrderServiceSettings } from './settings.ts';

test('needs nothing to be set in development', () => {
  assert.deepEqual(readOrderServiceSettings({}), {
    host: '127.0.0.1',
    port: 8080,
    databaseFile: '.data/orders.sqlite',
    databaseUrl: undefined,
    logLevel: 'info',
    clientId: DEVELOPMENT_CLIENT.id,
    clientSecret: DEVELOPMENT_CLIENT.secret,
    userService: {
      baseUrl: 'http://127.0.0.1:8081',
      timeout: 1_000,
      retryAttempts: 2,
      retryDelay: 50,
      circuitBreakerThreshold: 90,
      circuitBreakerTimeout: 1_000,
    },
    directory: { freshMs: 300_000, staleMs: 3_600_000 },
    developmentDefaults: ['OAUTH_CLIENT_SECRET'],
  });
});

test('reads how long a user is good enough, and refuses one that is stale before it stops being fresh', () => {
  const { directory } = readOrderServiceSettings({ USER_FRESH_SECONDS: '10', USER_STALE_SECONDS: '25' });
  assert.deepEqual(directory, { freshMs: 10_000, staleMs: 25_000 });
  assert.throws(() => readOrderServiceSettings({ USER_STALE_SECONDS: '60' }), /USER_STALE_SECONDS: expected at least/);
});

test('reads how the user-service is called', () => {
  const { userService } = readOrderServiceSettings({
    USER_SERVICE_URL: 'http://user-service:8080',
    USER_SERVICE_TIMEOUT_MS: '5000',
    USER_SERVICE_RETRY_ATTEMPTS: '3',
    USER_SERVICE_RETRY_DELAY_MS: '1000',
    USER_SERVICE_CIRCUIT_BREAKER_THRESHOLD: '50',
    USER_SERVICE_CIRCUIT_BREAKER_TIMEOUT_MS: '30000',
  });

  assert.deepEqual(userService, {
    baseUrl: 'http://user-service:8080',
    timeout: 5_000,
    retryAttempts: 3,
    retryDelay: 1_000,
    circuitBreakerThreshold: 50,
    circuitBreakerTimeout: 30_000,
  });
});

test('prefers a database of its own to the shared one', () => {
  const shared = 'postgres://127.0.0.1/shop';
  const own = 'postgres://127.0.0.1/orders';

  assert.equal(readOrderServiceSettings({ DATABASE_URL: shared }).databaseUrl, shared);
  assert.equal(readOrderServiceSettings({ DATABASE_URL: shared, ORDER_DATABASE_URL: own }).databaseUrl, own);
});

const WRONG: readonly (readonly [name: string, value: string, message: RegExp])[] = [
  ['ORDER_SERVICE_PORT', 'http', /ORDER_SERVICE_PORT: expected an integer from 0 to 65535, got "http"/],
  ['USER_SERVICE_TIMEOUT_MS', '0', /USER_SERVICE_TIMEOUT_MS: expected an integer from 1 to 60000, got "0"/],
  ['USER_SERVICE_CIRCUIT_BREAKER_THRESHOLD', '0.5', /USER_SERVICE_CIRCUIT_BREAKER_THRESHOLD: .*got "0\.5"/],
  ['USER_SERVICE_URL', 'user-service:8080', /USER_SERVICE_URL: expected a URL such as http/],
  ['USER_SERVICE_URL', 'http://127.0.0.1/?a=b', /USER_SERVICE_URL: expected an http or https URL without credentials/],
  ['ORDER_DATABASE_URL', 'mysql://127.0.0.1', /ORDER_DATABASE_URL: .*got a mysql URL/],
  ['LOG_LEVEL', 'loud', /LOG_LEVEL: expected one of .*got "loud"/],
];

for (const [name, value, message] of WRONG) {
  test(`refuses ${name}=${value} by name`, () => {
    assert.throws(() => readOrderServiceSettings({ [name]: value }), { name: 'EnvironmentError', message });
  });
}

test('refuses the public development secret in production', () => {
  assert.throws(() => readOrderServiceSettings({ NODE_ENV: 'production' }), /OAUTH_CLIENT_SECRET/);
});
