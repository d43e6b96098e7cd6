import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { CLIENT, TTL_SECONDS, userServiceForTests } from '../user-service-for-tests.ts';

interface TokenRequest {
  readonly form?: Readonly<Record<string, string>> | string;
  readonly authorization?: string;
  readonly contentType?: string;
}

const GRANT = { grant_type: 'client_credentials' };
const IN_BODY = { client_id: CLIENT.clientId, client_secret: CLIENT.clientSecret };

function ask(t: TestContext, request: TokenRequest): Promise<LightMyRequestResponse> {
  const { app } = userServiceForTests(t);
  return app.inject({
    method: 'POST',
    url: '/oauth/token',
    payload: new URLSearchParams(request.form).toString(),
    headers: {
      'content-type': request.contentType ?? 'application/x-www-form-urlencoded',
      ...(request.authorization !== undefined && { authorization: request.authorization }),
    },
  });
}

function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;
}

for (const [name, request] of Object.entries({
  'HTTP Basic': { form: GRANT, authorization: basic(CLIENT.clientId, CLIENT.clientSecret) },
  'HTTP Basic with the client named again in the form': {
    form: { ...GRANT, client_id: CLIENT.clientId },
    authorization: basic(CLIENT.clientId, CLIENT.clientSecret),
  },
  'credentials in the form': { form: { ...GRANT, ...IN_BODY } },
})) {
  test(`gives a token for ${name}, never to be stored`, async (t) => {
    const response = await ask(t, request);
    assert.equal(response.statusCode, 200);
    assert.equal(response.headers['cache-control'], 'no-store');
    const { access_token, ...rest } = response.json();
    assert.match(access_token, /^eyJ/);
    assert.deepEqual(rest, { token_type: 'Bearer', expires_in: TTL_SECONDS });
  });
}

const REFUSED: Readonly<Record<string, readonly [TokenRequest, number, string]>> = {
  'a wrong secret in Basic': [{ form: GRANT, authorization: basic(CLIENT.clientId, 'wrong') }, 401, 'invalid_client'],
  'a wrong secret in the form': [{ form: { ...GRANT, ...IN_BODY, client_secret: 'wrong' } }, 401, 'invalid_client'],
  'no credentials': [{ form: GRANT }, 401, 'invalid_client'],
  'a scheme that is not Basic': [{ form: GRANT, authorization: 'Bearer abc' }, 401, 'invalid_client'],
  'Basic without a colon': [{ form: GRANT, authorization: `Basic ${btoa('abc')}` }, 401, 'invalid_client'],
  'Basic with a broken escape': [{ form: GRANT, authorization: `Basic ${btoa('a:%zz')}` }, 401, 'invalid_client'],
  'credentials given twice': [
    { form: { ...GRANT, ...IN_BODY }, authorization: basic(CLIENT.clientId, CLIENT.clientSecret) },
    400,
    'invalid_request',
  ],
  'another grant': [{ form: { ...IN_BODY, grant_type: 'password' } }, 400, 'unsupported_grant_type'],
  'no grant': [{ form: IN_BODY }, 400, 'invalid_request'],
  'a parameter given twice': [
    { form: 'grant_type=client_credentials&grant_type=client_credentials' },
    400,
    'invalid_request',
  ],
  'a JSON body': [{ form: GRANT, contentType: 'application/json' }, 415, 'invalid_request'],
  'a body that is too large': [{ form: { ...GRANT, padding: 'x'.repeat(9_000) } }, 413, 'invalid_request'],
};

for (const [name, [request, status, error]] of Object.entries(REFUSED)) {
  test(`refuses ${name} in the words of RFC 6749`, async (t) => {
    const response = await ask(t, request);
    assert.equal(response.statusCode, status);
    assert.equal(response.json().error, error);
    assert.equal(typeof response.json().error_description, 'string');
    assert.equal(response.headers['cache-control'], 'no-store');
    assert.equal('www-authenticate' in response.headers, status === 401);
  });
}

test('asks for a form when there is no body', async (t) => {
  const { app } = userServiceForTests(t);
  const response = await app.inject({ method: 'POST', url: '/oauth/token' });
  assert.equal(response.statusCode, 400);
  assert.equal(response.json().error, 'invalid_request');
});

test('gives a token that the users routes take', async (t) => {
  const { app } = userServiceForTests(t);
  const { access_token } = (
    await app.inject({
      method: 'POST',
      url: '/oauth/token',
      payload: new URLSearchParams({ ...GRANT, ...IN_BODY }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
  ).json();
  const response = await app.inject({ url: '/users', headers: { authorization: `Bearer ${access_token}` } });
  assert.equal(response.statusCode, 200);
});
