import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { skipWithoutPostgres, startPostgresForTests } from '../../storage/postgres-for-tests.ts';
import { openPostgresUserRepository } from './postgres-user-repository.ts';
import { openSqliteUserRepository } from './sqlite-user-repository.ts';
import { userRepositoryContract } from './user-repository-contract.ts';

test('users in a SQLite file', async (t) => {
  await userRepositoryContract(t, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'users-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    return { open: async () => openSqliteUserRepository(join(folder, 'users.sqlite')) };
  });
});

test('users in PostgreSQL', async (t) => {
  const server = await startPostgresForTests();
  if (server.kind === 'unavailable') {
    skipWithoutPostgres(t, server);
    return;
  }
  t.after(() => server.stop());
  await userRepositoryContract(t, async () => {
    const url = await server.createDatabase();
    return { open: () => openPostgresUserRepository(url) };
  });
});
