import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EnvironmentError, integer, oneOf, optional, readEnvironment, secret, text, url } from './environment.ts';

const VARIABLES = {
  port: integer('PORT', { min: 0, max: 65_535, default: 8081 }),
  name: text('NAME'),
  mode: oneOf('MODE', ['off', 'allow'], { default: 'off', developmentOnly: ['allow'] }),
  database: optional(url('DATABASE_URL', { schemes: ['postgres'] })),
  key: secret('KEY', { minBytes: 16, developmentDefault: 'public-default-key' }),
};

function problemsOf(source: Record<string, string>): EnvironmentError {
  try {
    readEnvironment(source, VARIABLES);
  } catch (error) {
    assert.ok(error instanceof EnvironmentError);
    return error;
  }
  assert.fail('expected the environment to be refused');
}

test('reads values and falls back to defaults', () => {
  const { values, developmentDefaults } = readEnvironment({ NAME: 'shop', PORT: '0' }, VARIABLES);
  assert.deepEqual(values, { port: 0, name: 'shop', mode: 'off', database: undefined, key: 'public-default-key' });
  assert.deepEqual(developmentDefaults, ['KEY']);
});

test('takes an empty variable for one that is not set', () => {
  const { values } = readEnvironment({ NAME: 'shop', PORT: '', DATABASE_URL: '' }, VARIABLES);
  assert.equal(values.port, 8081);
  assert.equal(values.database, undefined);
});

test('lists every wrong variable in one error: name, expected, got', () => {
  const error = problemsOf({ PORT: '65536', MODE: 'yes', DATABASE_URL: 'mysql://db', KEY: 'short' });
  assert.equal(
    error.message,
    [
      '5 environment variables are wrong:',
      '  PORT: expected an integer from 0 to 65535, got "65536"',
      '  NAME: expected a text that is not empty, got nothing',
      '  MODE: expected one of off, allow, got "yes"',
      '  DATABASE_URL: expected a URL such as postgres://host:port, got a mysql URL',
      '  KEY: expected a secret of at least 16 bytes, got a shorter one (hidden)',
    ].join('\n'),
  );
});

for (const wrong of ['eighty', '80.5', '1e3', ' 80', '0x50', '-1', 'NaN', 'Infinity', '9'.repeat(400)]) {
  test(`refuses ${wrong.slice(0, 12)} for a port`, () => {
    assert.deepEqual(
      problemsOf({ NAME: 'shop', PORT: wrong }).problems.map((problem) => problem.name),
      ['PORT'],
    );
  });
}

test('never echoes a secret or what a URL may carry', () => {
  const error = problemsOf({ NAME: 'shop', KEY: 'canary', DATABASE_URL: '//user:canary@host' });
  assert.equal(error.problems.length, 2);
  assert.doesNotMatch(JSON.stringify(error) + error.message, /canary/);
});

test('demands secrets of its own in production', () => {
  assert.match(
    problemsOf({ NODE_ENV: 'production', NAME: 'shop' }).message,
    /KEY: expected a secret of at least 16 bytes, got nothing/,
  );
  assert.match(
    problemsOf({ NODE_ENV: 'production', NAME: 'shop', KEY: 'public-default-key' }).message,
    /KEY: expected a secret of at least 16 bytes of your own, got the development default/,
  );
});

test('refuses development-only words in production', () => {
  const error = problemsOf({ NODE_ENV: 'production', NAME: 'shop', KEY: 'k'.repeat(16), MODE: 'allow' });
  assert.match(error.message, /MODE: expected anything but allow when NODE_ENV=production, got "allow"/);
});
