import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testOrderRepository } from './order-repository-contract.ts';
import { openSqliteOrderRepository } from './sqlite-order-repository.ts';

testOrderRepository('SQLite', async (_t, body) => {
  const folder = mkdtempSync(join(tmpdir(), 'shop-orders-'));
  const file = join(folder, 'orders.sqlite');
  const repository = openSqliteOrderRepository(file);
  try {
    await body({ repository, sameStorage: async () => openSqliteOrderRepository(file) });
  } finally {
    await repository.close();
    rmSync(folder, { recursive: true });
  }
});
