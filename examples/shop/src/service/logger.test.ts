import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, scrub } from './logger.ts';

function logged(write: (logger: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = [];
  write(
    createLogger({
      service: 'shop',
      level: 'info',
      secrets: ['canary "secret"', ''],
      destination: { write: (line) => void lines.push(line) },
    }),
  );
  return lines.join('');
}

const LEAKS: Readonly<Record<string, object>> = {
  'an authorization header': { headers: { authorization: 'Custom canary' } },
  'a cookie': { req: { headers: { cookie: 'session=canary' } } },
  'a set-cookie': { res: { headers: { 'set-cookie': 'session=canary' } } },
  'a token in a body': { body: { access_token: 'canary' } },
  'a client secret': { client_secret: 'canary' },
  'an e-mail by key': { user: { email: 'canary@example.test' } },
  'an e-mail by pattern': { note: 'asked by canary@example.test today' },
  'an e-mail in a URL': { url: '/users?q=canary%40example.test' },
  'an e-mail beyond ASCII': { note: 'from 카canary나리@example.test' },
  'a bearer token in text': { note: 'sent Authorization: Bearer canary.canary' },
  'a JWT in text': { note: 'got eyJhbGciOiJIUzI1NiJ9.canary.canary' },
  'a password in a URL': { url: 'postgres://shop:canary@host/db' },
  'a secret of the process, however it is quoted': { note: 'it was canary "secret"' },
  'a row that a driver keeps in its error': {
    err: Object.assign(new Error('duplicate'), { detail: 'Key (name)=(canary) exists', where: 'canary' }),
  },
  'an e-mail in the cause of an error': { err: new Error('failed', { cause: new Error('no canary@example.test') }) },
};

for (const [name, facts] of Object.entries(LEAKS)) {
  test(`hides ${name}`, () => {
    const line = logged((logger) => logger.info(facts, 'happened'));
    assert.match(line, /"msg":"happened"/);
    assert.doesNotMatch(line, /canary/);
    assert.doesNotThrow(() => JSON.parse(line));
  });
}

test('hides secrets of child loggers and in the message itself', () => {
  const line = logged((logger) => logger.child({ email: 'canary@example.test' }).info('hello canary@example.test'));
  assert.doesNotMatch(line, /canary/);
});

test('keeps what explains an error: type, message, code, stack and cause', () => {
  const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  const line = logged((logger) => logger.error({ err: new TypeError('lookup failed', { cause }) }, 'happened'));
  const { err } = JSON.parse(line);
  assert.equal(err.type, 'TypeError');
  assert.equal(err.message, 'lookup failed');
  assert.match(err.stack, /logger\.test\.ts/);
  assert.equal(err.cause.code, 'ECONNREFUSED');
});

test('leaves a line without secrets as it is', () => {
  const line = '{"msg":"answered","route":"/users/:id","time":"2025-06-01T12:00:00.000Z","url":"http://127.0.0.1:80"}';
  assert.equal(scrub(line), line);
});

test('writes nothing below its level', () => {
  assert.equal(
    logged((logger) => logger.debug('quiet')),
    '',
  );
});
