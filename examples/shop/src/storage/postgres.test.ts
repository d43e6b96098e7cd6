import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { inPostgresTransaction, openPostgres, withoutPassword } from './postgres.ts';
import { skipWithoutPostgres, startPostgresForTests } from './postgres-for-tests.ts';
import { isStorageUnavailable } from './storage-unavailable.ts';

const THINGS = { component: 'things', migrations: ['CREATE TABLE things (name text PRIMARY KEY)'] };

test('says that the server is not reachable, without the password', async () => {
  const port = await closedPort();
  await assert.rejects(openPostgres(`postgres://shop:canary@127.0.0.1:${port}/shop?password=canary`, THINGS), {
    name: 'CannotOpenDatabaseError',
    message:
      `cannot open database at postgres://shop:***@127.0.0.1:${port}/shop: ` + `connect ECONNREFUSED 127.0.0.1:${port}`,
  });
});

test('says that the URL is broken, without the password', async () => {
  await assert.rejects(openPostgres('postgres://shop:canary%@127.0.0.1:1/shop', THINGS), (error) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, /^cannot open database at /);
    assert.doesNotMatch(error.message, /canary/);
    return true;
  });
});

test('shows no part of what is not a URL', () => {
  assert.equal(withoutPassword('shop canary@host'), 'DATABASE_URL');
});

test('PostgreSQL', async (t) => {
  const server = await startPostgresForTests();
  if (server.kind === 'unavailable') {
    skipWithoutPostgres(t, server);
    return;
  }
  t.after(() => server.stop());

  await t.test('migrates once, also when two processes start together', async () => {
    const url = await server.createDatabase();
    const pools = await Promise.all([openPostgres(url, THINGS), openPostgres(url, THINGS)]);
    const found = await pools[0].query('SELECT version FROM schema_versions');
    assert.deepEqual(found.rows, [{ version: 1 }]);
    await Promise.all(pools.map((pool) => pool.end()));
  });

  await t.test('refuses a database that a newer program has migrated', async () => {
    const url = await server.createDatabase();
    const pool = await openPostgres(url, THINGS);
    await pool.end();
    await assert.rejects(openPostgres(url, { ...THINGS, migrations: [] }), /schema is version 1, this program knows/);
  });

  await t.test('undoes a transaction whose work throws, and keeps the connection usable', async () => {
    const pool = await openPostgres(await server.createDatabase(), { ...THINGS, connections: 1 });
    await assert.rejects(
      inPostgresTransaction(pool, async (client) => {
        await client.query("INSERT INTO things VALUES ('bolt')");
        throw new Error('changed my mind');
      }),
      /changed my mind/,
    );
    assert.deepEqual((await pool.query('SELECT * FROM things')).rows, []);
    await pool.end();
  });

  await t.test('has a slow statement cancelled by the server, as a failure that may pass', async () => {
    const pool = await openPostgres(await server.createDatabase(), { ...THINGS, statementTimeoutMs: 50 });
    await assert.rejects(pool.query('SELECT pg_sleep(60)'), (error) => isStorageUnavailable(error));
    await pool.end();
  });

  await t.test('survives an idle connection that the server ends', async () => {
    const lost = Promise.withResolvers<Error>();
    const pool = await openPostgres(await server.createDatabase(), {
      ...THINGS,
      connections: 2,
      onIdleError: lost.resolve,
    });
    const victim = await pool.connect();
    const { rows } = await victim.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    victim.release();
    const killer = await openPostgres(await server.createDatabase(), THINGS);
    await killer.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    assert.ok(isStorageUnavailable(await lost.promise));
    assert.equal((await pool.query('SELECT 1 AS one')).rows[0].one, 1);
    await Promise.all([pool.end(), killer.end()]);
  });
});

/** A port that was free a moment ago, so that nobody listens on it. */
function closedPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
