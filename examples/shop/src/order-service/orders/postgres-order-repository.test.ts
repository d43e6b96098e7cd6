import { after, before } from 'node:test';
import {
  type RunningPostgres,
  skipWithoutPostgres,
  startPostgresForTests,
  type UnavailablePostgres,
} from '../../storage/postgres-for-tests.ts';
import { testOrderRepository } from './order-repository-contract.ts';
import { openPostgresOrderRepository } from './postgres-order-repository.ts';

let postgres: RunningPostgres | UnavailablePostgres;

before(async () => {
  postgres = await startPostgresForTests();
});

after(async () => {
  if (postgres.kind === 'running') await postgres.stop();
});

testOrderRepository('PostgreSQL', async (t, body) => {
  if (postgres.kind === 'unavailable') {
    skipWithoutPostgres(t, postgres);
    return;
  }
  const url = await postgres.createDatabase();
  const repository = await openPostgresOrderRepository(url);
  try {
    await body({ repository, sameStorage: () => openPostgresOrderRepository(url) });
  } finally {
    await repository.close();
  }
});
