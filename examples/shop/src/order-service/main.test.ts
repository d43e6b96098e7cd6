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
import { skipWithoutPostgres, startPostgresForTests } from '../storage/postgres-for-tests.ts';
import { CLIENT, userServiceForTests } from '../user-service/user-service-for-tests.ts';
import { anOrderRequest } from './order-service-for-tests.ts';

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

type Environment = Readonly<Record<string, string>>;

function launch(t: TestContext, env: Environment): { process: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, ['--conditions=@switchgear/source', MAIN], {
    // Nothing is inherited: a DATABASE_URL of the developer must not become the test's.
    env: { PATH: process.env.PATH, ORDER_SERVICE_PORT: '0', ...env },
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

async function started(t: TestContext, env: Environment): Promise<RunningService> {
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

/** A user-service in this process that knows user 1, and the variables that lead to it. */
async function userServiceEnvironment(t: TestContext): Promise<Environment> {
  const { app, repository } = userServiceForTests(t);
  await repository.create({
    user: { name: '김민준', email: 'minjun@example.test', status: 'active' },
    createdAt: '2025-01-01T00:00:00.000Z',
  });
  return {
    USER_SERVICE_URL: await app.listen({ host: '127.0.0.1', port: 0 }),
    OAUTH_CLIENT_ID: CLIENT.clientId,
    OAUTH_CLIENT_SECRET: CLIENT.clientSecret,
  };
}

function temporaryFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'order-service-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'data', 'orders.sqlite');
}

function order(url: string, place: number): Promise<Response> {
  return fetch(`${url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': `key-${place}` },
    body: JSON.stringify(anOrderRequest()),
  });
}

const ORDERS = 20;

/** Places orders until the service is killed in the midst of it; then every one answered is there, and none twice. */
async function survivesBeingKilled(t: TestContext, database: Environment): Promise<void> {
  const env = { ...(await userServiceEnvironment(t)), ...database };
  const first = await started(t, env);
  const answered = new Map<number, string>();
  const shoppers = Array.from({ length: ORDERS }, async (_, place) => {
    try {
      const response = await order(first.url, place);
      const body = await response.text();
      assert.equal(response.status, 201);
      answered.set(place, body);
      if (answered.size === 5) first.process.kill('SIGKILL');
    } catch (error) {
      // A dead process answers nobody, and only what was answered is promised.
      if (error instanceof assert.AssertionError) throw error;
    }
  });
  await Promise.all(shoppers);
  assert.equal((await first.ended).signal, 'SIGKILL');
  assert.ok(answered.size >= 5);

  const second = await started(t, env);
  for (let place = 0; place < ORDERS; place += 1) {
    const again = await order(second.url, place);
    const body = await again.text();
    if (answered.has(place)) assert.deepEqual([again.status, body], [200, answered.get(place)]);
    else assert.ok(again.status === 201 || again.status === 200, String(again.status));
  }
  const list = await fetch(`${second.url}/orders?limit=100`);
  const { orders } = (await list.json()) as { orders: unknown[] };
  assert.equal(orders.length, ORDERS);
  second.process.kill('SIGTERM');
  assert.equal((await second.ended).code, 0);
}

test('loses no answered order to SIGKILL on SQLite, and stores none twice', async (t) => {
  await survivesBeingKilled(t, { ORDER_DATABASE_FILE: temporaryFile(t) });
});

test('loses no answered order to SIGKILL on PostgreSQL, and stores none twice', async (t) => {
  const server = await startPostgresForTests();
  if (server.kind === 'unavailable') {
    skipWithoutPostgres(t, server);
    return;
  }
  try {
    await survivesBeingKilled(t, { ORDER_DATABASE_URL: await server.createDatabase() });
  } finally {
    await server.stop();
  }
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`finishes the order in flight on ${signal}, the call for its user included, then exits 0`, async (t) => {
    const service = await started(t, {
      ...(await userServiceEnvironment(t)),
      ORDER_DATABASE_FILE: temporaryFile(t),
    });
    const body = JSON.stringify(anOrderRequest());
    const inFlight = request(`${service.url}/orders`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'idempotency-key': 'key-1',
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

test('serves without the user-service: alive, ready, and polite about orders', async (t) => {
  const nobody = createServer();
  await new Promise<void>((resolve) => nobody.listen(0, '127.0.0.1', resolve));
  const address = nobody.address();
  assert.ok(typeof address === 'object' && address !== null);
  await new Promise((resolve) => nobody.close(resolve));
  const service = await started(t, {
    ORDER_DATABASE_FILE: temporaryFile(t),
    USER_SERVICE_URL: `http://127.0.0.1:${address.port}`,
  });

  const statuses = await Promise.all(
    [fetch(`${service.url}/healthz`), fetch(`${service.url}/readyz`), order(service.url, 1)].map(
      async (response) => (await response).status,
    ),
  );

  assert.deepEqual(statuses, [200, 200, 503]);
});

test('explains a port in use and ends with 1', async (t) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  t.after(() => other.close());
  const address = other.address();
  assert.ok(typeof address === 'object' && address !== null);

  const { ended } = launch(t, { ORDER_SERVICE_PORT: String(address.port), ORDER_DATABASE_FILE: temporaryFile(t) });

  const { code, stderr } = await ended;
  assert.equal(
    stderr,
    `order-service: port ${address.port} is in use: set ORDER_SERVICE_PORT or stop the other process\n`,
  );
  assert.equal(code, 1);
});

test('explains a database that cannot be opened and ends with 1', async (t) => {
  const { code, stderr } = await launch(t, { ORDER_DATABASE_FILE: tmpdir() }).ended;

  assert.equal(stderr, `order-service: cannot open database at ${tmpdir()}: unable to open database file\n`);
  assert.equal(code, 1);
});

test('explains every wrong variable and ends with 1', async (t) => {
  const { code, stderr } = await launch(t, { ORDER_SERVICE_PORT: 'eighty', USER_SERVICE_RETRY_ATTEMPTS: '-1' }).ended;

  assert.equal(
    stderr,
    [
      'order-service: 2 environment variables are wrong:',
      '  ORDER_SERVICE_PORT: expected an integer from 0 to 65535, got "eighty"',
      '  USER_SERVICE_RETRY_ATTEMPTS: expected an integer from 0 to 5, got "-1"',
      '',
    ].join('\n'),
  );
  assert.equal(code, 1);
});
