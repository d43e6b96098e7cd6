import type { Pool, PoolClient } from 'pg';
import { inPostgresTransaction, openPostgres } from '../../storage/postgres.ts';
import type { Order, OrderItem, ShippingAddress } from './order.ts';
import { type KeyOutcome, keyOutcome, type OrderKey, type OrderRepository, type PlaceOutcome } from './repository.ts';

const MIGRATIONS = [
  // The key is a column of the order itself: there is no moment at which one is stored without the other.
  `CREATE TABLE orders (
     sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     id text NOT NULL UNIQUE,
     idempotency_key text NOT NULL CONSTRAINT orders_idempotency_key UNIQUE,
     fingerprint text NOT NULL,
     user_id bigint NOT NULL,
     user_name text NOT NULL,
     user_provenance text NOT NULL CHECK (user_provenance IN ('live', 'fresh')),
     user_known_at timestamptz NOT NULL,
     items json NOT NULL,
     shipping_address json NOT NULL,
     total bigint NOT NULL CHECK (total >= 0),
     created_at timestamptz NOT NULL
   );`,
] as const;

/** The driver gives a bigint as text, for not every one fits a number; ours do. */
interface OrderRow {
  readonly id: string;
  readonly fingerprint: string;
  readonly user_id: string;
  readonly user_name: string;
  readonly user_provenance: 'live' | 'fresh';
  readonly user_known_at: Date;
  readonly items: readonly OrderItem[];
  readonly shipping_address: ShippingAddress;
  readonly total: string;
  readonly created_at: Date;
}

/** Opens the orders in a PostgreSQL database. @throws CannotOpenDatabaseError */
export async function openPostgresOrderRepository(
  url: string,
  onIdleError?: (error: Error) => void,
): Promise<OrderRepository> {
  const pool = await openPostgres(url, {
    component: 'order-service',
    migrations: MIGRATIONS,
    ...(onIdleError !== undefined && { onIdleError }),
  });
  return new PostgresOrderRepository(pool);
}

class PostgresOrderRepository implements OrderRepository {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  findByKey(key: OrderKey): Promise<KeyOutcome | undefined> {
    return outcomeOf(this.#pool, key);
  }

  place(order: Order, key: OrderKey): Promise<PlaceOutcome> {
    return inPostgresTransaction(this.#pool, async (client): Promise<PlaceOutcome> => {
      // A second transaction with the same key waits here until the first has committed or rolled back.
      const inserted = await client.query(
        `INSERT INTO orders (id, idempotency_key, fingerprint, user_id, user_name, user_provenance, user_known_at, items,
           shipping_address, total, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (idempotency_key) DO NOTHING`,
        [
          order.id,
          key.key,
          key.fingerprint,
          order.user.id,
          order.user.name,
          order.user.provenance,
          order.user.knownAt,
          JSON.stringify(order.items),
          JSON.stringify(order.shippingAddress),
          order.total,
          order.createdAt,
        ],
      );
      if (inserted.rowCount === 1) return { kind: 'placed', order };
      // Each statement sees what was committed before it began, so this one sees the winner.
      const earlier = await outcomeOf(client, key);
      if (earlier === undefined) throw new Error('an idempotency key that was taken is gone');
      return earlier;
    });
  }

  async find(id: string): Promise<Order | undefined> {
    const found = await this.#pool.query<OrderRow>('SELECT * FROM orders WHERE id = $1', [id]);
    return found.rows.map(toOrder)[0];
  }

  async list(limit: number): Promise<readonly Order[]> {
    const found = await this.#pool.query<OrderRow>('SELECT * FROM orders ORDER BY sequence DESC LIMIT $1', [limit]);
    return found.rows.map(toOrder);
  }

  async ping(): Promise<void> {
    await this.#pool.query('SELECT 1');
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

async function outcomeOf(database: Pool | PoolClient, key: OrderKey): Promise<KeyOutcome | undefined> {
  const found = await database.query<OrderRow>('SELECT * FROM orders WHERE idempotency_key = $1', [key.key]);
  const row = found.rows[0];
  return row && keyOutcome({ order: toOrder(row), fingerprint: row.fingerprint }, key);
}

function toOrder(row: OrderRow): Order {
  return {
    id: row.id,
    user: {
      id: Number(row.user_id),
      name: row.user_name,
      provenance: row.user_provenance,
      knownAt: row.user_known_at.toISOString(),
    },
    items: row.items,
    shippingAddress: row.shipping_address,
    total: Number(row.total),
    createdAt: row.created_at.toISOString(),
  };
}
