import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { inSqliteTransaction, openSqlite } from '../../storage/sqlite.ts';
import type { Order, OrderItem, ShippingAddress } from './order.ts';
import { type KeyOutcome, keyOutcome, type OrderKey, type OrderRepository, type PlaceOutcome } from './repository.ts';

const MIGRATIONS = [
  // The key is a column of the order itself: there is no moment at which one is stored without the other.
  `CREATE TABLE orders (
     sequence INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     idempotency_key TEXT NOT NULL UNIQUE,
     fingerprint TEXT NOT NULL,
     user_id INTEGER NOT NULL,
     user_name TEXT NOT NULL,
     user_provenance TEXT NOT NULL CHECK (user_provenance IN ('live', 'fresh')),
     user_known_at TEXT NOT NULL,
     items TEXT NOT NULL CHECK (json_valid(items)),
     shipping_address TEXT NOT NULL CHECK (json_valid(shipping_address)),
     total INTEGER NOT NULL CHECK (total >= 0),
     created_at TEXT NOT NULL
   ) STRICT;`,
] as const;

/** Opens the orders in one SQLite file. @throws CannotOpenDatabaseError */
export function openSqliteOrderRepository(file: string): OrderRepository {
  return new SqliteOrderRepository(openSqlite(file, MIGRATIONS));
}

class SqliteOrderRepository implements OrderRepository {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #find: StatementSync;
  readonly #findByKey: StatementSync;
  readonly #list: StatementSync;
  readonly #any: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare(
      `INSERT INTO orders (id, idempotency_key, fingerprint, user_id, user_name, user_provenance, user_known_at, items,
         shipping_address, total, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (idempotency_key) DO NOTHING`,
    );
    this.#find = database.prepare('SELECT * FROM orders WHERE id = ?');
    this.#findByKey = database.prepare('SELECT * FROM orders WHERE idempotency_key = ?');
    this.#list = database.prepare('SELECT * FROM orders ORDER BY sequence DESC LIMIT ?');
    this.#any = database.prepare('SELECT 1 FROM orders LIMIT 1');
  }

  async findByKey(key: OrderKey): Promise<KeyOutcome | undefined> {
    return this.#outcomeOf(key);
  }

  async place(order: Order, key: OrderKey): Promise<PlaceOutcome> {
    // The commit waits for the disk, so whoever is answered next may be told that the order stands.
    return inSqliteTransaction(this.#database, (): PlaceOutcome => {
      const inserted = this.#insert.run(
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
      );
      if (Number(inserted.changes) === 1) return { kind: 'placed', order };
      const earlier = this.#outcomeOf(key);
      if (earlier === undefined) throw new Error('an idempotency key that was taken is gone');
      return earlier;
    });
  }

  async find(id: string): Promise<Order | undefined> {
    const row = this.#find.get(id);
    return row && toOrder(row);
  }

  async list(limit: number): Promise<readonly Order[]> {
    return this.#list.all(limit).map(toOrder);
  }

  async ping(): Promise<void> {
    this.#any.get();
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #outcomeOf(key: OrderKey): KeyOutcome | undefined {
    const row = this.#findByKey.get(key.key);
    return row && keyOutcome({ order: toOrder(row), fingerprint: String(row.fingerprint) }, key);
  }
}

function toOrder(row: Record<string, SQLOutputValue>): Order {
  return {
    id: String(row.id),
    user: {
      id: Number(row.user_id),
      name: String(row.user_name),
      // The column's CHECK admits nothing else.
      provenance: row.user_provenance === 'fresh' ? 'fresh' : 'live',
      knownAt: String(row.user_known_at),
    },
    items: JSON.parse(String(row.items)) as readonly OrderItem[],
    shippingAddress: JSON.parse(String(row.shipping_address)) as ShippingAddress,
    total: Number(row.total),
    createdAt: String(row.created_at),
  };
}
