import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the fences of the docs talk to. */
export interface FixtureServer {
  /** Answers plain JSON. Under `/enveloped` the same in an envelope: `{ success, data, error }`. */
  readonly url: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly code?: string;
}

const unknownUser: Answer = { status: 404, code: 'USER_NOT_FOUND' };

/** Everyone from 1 to 999 exists, and `taken@example.com` is taken. Nothing is remembered, so fences cannot meet. */
const userOf = (id: number): object => ({ id, name: `User ${id}`, email: `user${id}@example.com` });

/** A user service on loopback, small enough to read in the middle of a page. */
export async function startFixtureServer(): Promise<FixtureServer> {
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const enveloped = pathname.startsWith('/enveloped/');
  const path = enveloped ? pathname.slice('/enveloped'.length) : pathname;
  const { status, body, code } = route(`${request.method} ${path}`, Buffer.concat(chunks).toString());
  const error = code === undefined ? undefined : { code, message: code.toLowerCase().replaceAll('_', ' ') };
  response.writeHead(status, { 'content-type': 'application/json' });
  if (status === 204) response.end();
  else if (enveloped) response.end(JSON.stringify({ success: error === undefined, data: body, error }));
  else response.end(JSON.stringify(error === undefined ? body : { error }));
}

function route(asked: string, text: string): Answer {
  const id = Number(/^\w+ \/users\/(\d+)$/.exec(asked)?.[1]);
  if (!Number.isNaN(id) && (id < 1 || id > 999)) return unknownUser;
  const [method] = asked.split(' ');
  if (!Number.isNaN(id) && method === 'GET') return { status: 200, body: userOf(id) };
  if (!Number.isNaN(id) && method === 'DELETE') return { status: 204 };
  if (!Number.isNaN(id) && method === 'PUT') return { status: 200, body: { ...userOf(id), ...parsed(text) } };
  if (asked === 'POST /oauth/token') {
    return { status: 200, body: { access_token: 'fixture', token_type: 'Bearer', expires_in: 60 } };
  }
  if (asked === 'POST /users/batch') {
    const { ids = [] } = parsed(text) as { ids?: number[] };
    return { status: 200, body: { users: ids.filter((one) => one >= 1 && one <= 999).map(userOf) } };
  }
  if (asked === 'POST /users') {
    const given = parsed(text) as { email?: string };
    if (given.email === 'taken@example.com') return { status: 409, code: 'EMAIL_TAKEN' };
    return { status: 201, body: { ...given, id: 1 } };
  }
  return { status: 404, code: 'NOT_FOUND' };
}

function parsed(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    return {};
  }
}
