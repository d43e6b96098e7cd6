import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DEVELOPMENT_CLIENT } from '../config/development-client.ts';
import { skipWithoutPostgres, startPostgresForTests } from '../storage/postgres-for-tests.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

interface LogLine {
  readonly msg: string;
  readonly url?: string;
}

interface RunningService {
  readonly process: ChildProcess;
  readonly url: string;
  readonly ended: Promise<Ended>;
  /** Resolves with the first log line whose message this is. */
  said(message: string): Promise<LogLine>;
}

function launch(
  t: TestContext,
  env: Readonly<Record<string, string>>,
): { process: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, ['--conditions=@switchgear/source', MAIN], {
    // Nothing is inherited: a DATABASE_URL of the developer must not become the test's.
    env: { PATH: process.env.PATH, USER_SERVICE_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, stderr }));
  });
  return { process: child, ended };
}

async function started(t: TestContext, env: Readonly<Record<string, string>>): Promise<RunningService> {
  const { process: child, ended } = launch(t, env);
  assert.ok(child.stdout);
  const lines: LogLine[] = [];
  const output = createInterface({ input: child.stdout }).on('line', (text) => lines.push(JSON.parse(text)));
  const said = (message: string): Promise<LogLine> =>
    new Promise((resolve) => {
      const look = (): void => {
        const line = lines.find(({ msg }) => msg === message);
        if (line === undefined) return;
        output.off('line', look);
        resolve(line);
      };
      output.on('line', look);
      look();
    });
  const first = await Promise.race([said('listening'), ended]);
  assert.ok('url' in first && first.url !== undefined, `the service ended early: ${JSON.stringify(first)}`);
  return { process: child, url: first.url, ended, said };
}

async function bearerFor(url: string): Promise<string> {
  const response = await fetch(`${url}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: DEVELOPMENT_CLIENT.id,
      client_secret: DEVELOPMENT_CLIENT.secret,
    }),
  });
  const { access_token } = (await response.json()) as { access_token: string };
  return `Bearer ${access_token}`;
}

function createUser(url: string, authorization: string, place: number): Promise<Response> {
  return fetch(`${url}/users`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json', 'idempotency-key': `key-${place}` },
    body: JSON.stringify({ name: `사용자 ${place}`, email: `user.${place}@example.test` }),
  });
}

/** Creates users until the service is killed in the midst of it; then everything answered must be there. */
async function survivesBeingKilled(t: TestContext, env: Readonly<Record<string, string>>): Promise<void> {
  const first = await started(t, env);
  const authorization = await bearerFor(first.url);
  const answered = new Map<number, unknown>();
  const writers = Array.from({ length: 20 }, async (_, place) => {
    try {
      const response = await createUser(first.url, authorization, place);
      if (response.status !== 201) return;
      const body = (await response.json()) as { data: unknown };
      answered.set(place, body.data);
      if (answered.size === 5) first.process.kill('SIGKILL');
    } catch {
      // The rest of the calls meet a dead process; only what was answered is promised.
    }
  });
  await Promise.all(writers);
  assert.equal((await first.ended).signal, 'SIGKILL');
  assert.ok(answered.size >= 5);

  const second = await started(t, env);
  for (let place = 0; place < 20; place += 1) {
    // The token of the first process is still good, and each key makes its user once, answered before or not.
    const again = await createUser(second.url, authorization, place);
    assert.equal(again.status, 201);
    const { data } = (await again.json()) as { data: unknown };
    if (answered.has(place)) assert.deepEqual(data, answered.get(place));
  }
  const list = await fetch(`${second.url}/users?limit=100`, { headers: { authorization } });
  const { data } = (await list.json()) as { data: { users: unknown[] } };
  assert.equal(data.users.length, 20);
  second.process.kill('SIGTERM');
  assert.equal((await second.ended).code, 0);
}

function temporaryFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'user-service-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'data', 'users.sqlite');
}

test('loses no answered user to SIGKILL on SQLite', async (t) => {
  await survivesBeingKilled(t, { USER_DATABASE_FILE: temporaryFile(t), TOKEN_TTL_SECONDS: '600' });
});

test('loses no answered user to SIGKILL on PostgreSQL', async (t) => {
  const server = await startPostgresForTests();
  if (server.kind === 'unavailable') {
    skipWithoutPostgres(t, server);
    return;
  }
  try {
    await survivesBeingKilled(t, { DATABASE_URL: await server.createDatabase(), TOKEN_TTL_SECONDS: '600' });
  } finally {
    await server.stop();
  }
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`finishes the request in flight on ${signal}, then exits 0`, async (t) => {
    const service = await started(t, { USER_DATABASE_FILE: temporaryFile(t) });
    const body = JSON.stringify({ name: '김민지', email: 'minji@example.test' });
    const inFlight = request(`${service.url}/users`, {
      method: 'POST',
      headers: {
        authorization: await bearerFor(service.url),
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        // The server says when it has read the headers, so the signal certainly meets a request in flight.
        expect: '100-continue',
      },
    });
    inFlight.flushHeaders();
    const answer = new Promise<IncomingMessage>((resolve) => inFlight.once('response', resolve));
    await new Promise<void>((resolve) => inFlight.once('continue', resolve));
    service.process.kill(signal);
    await service.said('stopping');
    inFlight.end(body);
    const response = await answer;
    assert.equal(response.statusCode, 201);
    assert.equal(response.headers.connection, 'close');
    response.resume();
    assert.equal((await service.ended).code, 0);
  });
}

test('seeds users when asked, once', async (t) => {
  const env = { USER_DATABASE_FILE: temporaryFile(t), SEED_USERS: '30' };
  for (const run of ['first', 'second']) {
    const { process: child, url, ended } = await started(t, env);
    const headers = { authorization: await bearerFor(url) };
    const response = await fetch(`${url}/users?limit=100`, { headers });
    const { data } = (await response.json()) as { data: { users: unknown[] } };
    assert.equal(data.users.length, 30, run);
    child.kill('SIGTERM');
    await ended;
  }
});

test('explains a port in use and ends with 1', async (t) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  t.after(() => other.close());
  const address = other.address();
  assert.ok(typeof address === 'object' && address !== null);
  const { ended } = launch(t, { USER_SERVICE_PORT: String(address.port), USER_DATABASE_FILE: temporaryFile(t) });
  const { code, stderr } = await ended;
  assert.equal(
    stderr,
    `user-service: port ${address.port} is in use: set USER_SERVICE_PORT or stop the other process\n`,
  );
  assert.equal(code, 1);
});

test('explains a database that cannot be opened and ends with 1', async (t) => {
  const { code, stderr } = await launch(t, { USER_DATABASE_FILE: tmpdir() }).ended;
  assert.equal(stderr, `user-service: cannot open database at ${tmpdir()}: unable to open database file\n`);
  assert.equal(code, 1);
});

test('explains every wrong variable and ends with 1', async (t) => {
  const { code, stderr } = await launch(t, { USER_SERVICE_PORT: 'eighty', TOKEN_TTL_SECONDS: '0' }).ended;
  assert.equal(
    stderr,
    [
      'user-service: 2 environment variables are wrong:',
      '  USER_SERVICE_PORT: expected an integer from 0 to 65535, got "eighty"',
      '  TOKEN_TTL_SECONDS: expected an integer from 1 to 86400, got "0"',
      '',
    ].join('\n'),
  );
  assert.equal(code, 1);
});
