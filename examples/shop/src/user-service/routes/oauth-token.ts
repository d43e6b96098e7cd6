import type { FastifyError, FastifyInstance } from 'fastify';
import type { ClientCredentials, Tokens } from '../tokens.ts';

/** The error codes of RFC 6749 §5.2 that a token endpoint with one grant can give. */
type OauthErrorCode = 'invalid_request' | 'invalid_client' | 'unsupported_grant_type';

class OauthError extends Error {
  readonly code: OauthErrorCode;

  constructor(code: OauthErrorCode, description: string) {
    super(description);
    this.code = code;
  }
}

const FORM = 'application/x-www-form-urlencoded';
const BODY_BYTES = 8 * 1024;

/** The client credentials grant of RFC 6749 §4.4, with HTTP Basic or the credentials in the form. */
export function oauthTokenRoutes(app: FastifyInstance, tokens: Tokens): void {
  // A scope of its own: only this route takes forms, and its errors have the shape of the RFC, not the envelope's.
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(FORM, { parseAs: 'string', bodyLimit: BODY_BYTES }, (_request, body, done) => {
      done(null, new URLSearchParams(body.toString()));
    });

    scope.addHook('onRequest', async (_request, reply) => {
      reply.header('cache-control', 'no-store').header('pragma', 'no-cache');
    });

    scope.setErrorHandler<FastifyError | OauthError>((error, request, reply) => {
      if (error instanceof OauthError) {
        // RFC 9110 wants every 401 to say how to authenticate.
        if (error.code === 'invalid_client') reply.code(401).header('www-authenticate', 'Basic realm="user-service"');
        else reply.code(400);
        return reply.send({ error: error.code, error_description: error.message });
      }
      const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500;
      if (status < 500) {
        return reply.code(status).send({ error: 'invalid_request', error_description: `expected a body of ${FORM}` });
      }
      request.log.error({ err: error }, 'the token request failed');
      return reply.code(500).send({ error: 'server_error', error_description: 'the request failed' });
    });

    scope.post('/oauth/token', async (request) => {
      const form = request.body;
      if (!(form instanceof URLSearchParams)) throw new OauthError('invalid_request', `expected a body of ${FORM}`);
      for (const name of new Set(form.keys())) {
        if (form.getAll(name).length > 1) throw new OauthError('invalid_request', 'a parameter is given twice');
      }
      const grant = form.get('grant_type');
      if (grant === null) throw new OauthError('invalid_request', 'grant_type is missing');
      if (grant !== 'client_credentials') {
        throw new OauthError('unsupported_grant_type', 'expected grant_type client_credentials');
      }
      const token = await tokens.issue(credentialsOf(request.headers.authorization, form));
      if (token === undefined) throw new OauthError('invalid_client', 'the client is not known or its secret is wrong');
      return { access_token: token, token_type: 'Bearer', expires_in: tokens.ttlSeconds };
    });
  });
}

function credentialsOf(authorization: string | undefined, form: URLSearchParams): ClientCredentials {
  const clientId = form.get('client_id');
  const clientSecret = form.get('client_secret');
  if (authorization === undefined) {
    if (clientId === null || clientSecret === null) throw new OauthError('invalid_client', 'no credentials were given');
    return { clientId, clientSecret };
  }
  if (clientSecret !== null) {
    throw new OauthError('invalid_request', 'credentials are given both in the header and in the body');
  }
  return readBasic(authorization);
}

function readBasic(authorization: string): ClientCredentials {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1];
  const pair = encoded === undefined ? '' : Buffer.from(encoded, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 0) throw new OauthError('invalid_client', 'expected HTTP Basic credentials');
  return { clientId: formDecoded(pair.slice(0, colon)), clientSecret: formDecoded(pair.slice(colon + 1)) };
}

/** RFC 6749 §2.3.1 has both parts form-encoded before they go into the header. */
function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new OauthError('invalid_client', 'expected form-encoded credentials');
  }
}
