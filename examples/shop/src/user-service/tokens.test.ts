import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { test } from 'node:test';
import { SignJWT } from 'jose';
import type { ServiceClock } from '../service/clock.ts';
import { Tokens } from './tokens.ts';
import { CLIENT, SIGNING_SECRET, standingClock, TTL_SECONDS } from './user-service-for-tests.ts';

function tokensAt(clock: ServiceClock, signingSecret: string = SIGNING_SECRET): Tokens {
  return new Tokens({ ...CLIENT, signingSecret, ttlSeconds: TTL_SECONDS, clock });
}

async function issued(tokens: Tokens): Promise<string> {
  const token = await tokens.issue(CLIENT);
  assert.ok(token);
  return token;
}

/** A token that is right in every claim but those a test changes. */
function forged(clock: ServiceClock, change: (token: SignJWT) => SignJWT, typ = 'at+jwt', alg = 'HS256') {
  const now = Math.floor(clock.wallNow() / 1_000);
  const token = new SignJWT()
    .setProtectedHeader({ alg, typ })
    .setIssuer('user-service')
    .setAudience('user-service')
    .setSubject(CLIENT.clientId)
    .setIssuedAt(now)
    .setExpirationTime(now + 60);
  return change(token).sign(createSecretKey(Buffer.from(SIGNING_SECRET)));
}

test('accepts its own token, also after a restart', async () => {
  const clock = standingClock();
  const token = await issued(tokensAt(clock));
  assert.deepEqual(await tokensAt(clock).verify(token), { valid: true, clientId: CLIENT.clientId });
});

test('accepts a token until its time is up, and says when it is', async () => {
  const clock = standingClock();
  const tokens = tokensAt(clock);
  const token = await issued(tokens);
  clock.freeze(TTL_SECONDS * 1_000 - 1);
  assert.equal((await tokens.verify(token)).valid, true);
  clock.freeze(1);
  assert.deepEqual(await tokens.verify(token), { valid: false, description: 'the token has expired' });
});

for (const [name, credentials] of Object.entries({
  'a wrong secret': { ...CLIENT, clientSecret: 'canary-client-secreT' },
  'a secret that is a prefix': { ...CLIENT, clientSecret: 'canary' },
  'a wrong client': { ...CLIENT, clientId: 'somebody' },
  'nothing at all': { clientId: '', clientSecret: '' },
})) {
  test(`issues nothing for ${name}`, async () => {
    assert.equal(await tokensAt(standingClock()).issue(credentials), undefined);
  });
}

test('refuses a token signed with another key', async () => {
  const clock = standingClock();
  const token = await issued(tokensAt(clock, 'another-signing-secret-of-32-bytes'));
  assert.deepEqual(await tokensAt(clock).verify(token), { valid: false, description: 'the token is not valid' });
});

test('refuses a well-signed token with a wrong claim', async () => {
  const clock = standingClock();
  const tokens = tokensAt(clock);
  const isValid = async (token: Promise<string>): Promise<boolean> => (await tokens.verify(await token)).valid;
  assert.equal(await isValid(forged(clock, (token) => token)), true);
  assert.equal(await isValid(forged(clock, (token) => token.setIssuer('somebody'))), false);
  assert.equal(await isValid(forged(clock, (token) => token.setAudience('order-service'))), false);
  assert.equal(await isValid(forged(clock, (token) => token.setSubject('somebody'))), false);
  assert.equal(await isValid(forged(clock, (token) => token, 'JWT')), false);
  assert.equal(await isValid(forged(clock, (token) => token, 'at+jwt', 'HS512')), false);
});

test('refuses a token that never expires or is not signed', async () => {
  const clock = standingClock();
  const tokens = tokensAt(clock);
  const eternal = await new SignJWT()
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
    .setIssuer('user-service')
    .setAudience('user-service')
    .setSubject(CLIENT.clientId)
    .setIssuedAt(Math.floor(clock.wallNow() / 1_000))
    .sign(createSecretKey(Buffer.from(SIGNING_SECRET)));
  assert.equal((await tokens.verify(eternal)).valid, false);

  const [, payload] = (await issued(tokens)).split('.');
  const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url');
  assert.equal((await tokens.verify(`${header}.${payload}.`)).valid, false);
  assert.equal((await tokens.verify('nonsense')).valid, false);
});
