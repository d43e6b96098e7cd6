import { DatabaseError, type Pool, type PoolClient } from 'pg';
import { inPostgresTransaction, openPostgres } from '../../storage/postgres.ts';
import type { CreateOutcome, CreationKey, UpdateOutcome, UserCreation, UserRepository } from './repository.ts';
import { emailKey, type User, type UserChange, type UserStatus } from './user.ts';

const MIGRATIONS = [
  `CREATE TABLE users (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     name text NOT NULL,
     email text NOT NULL,
     email_key text NOT NULL CONSTRAINT users_email_key UNIQUE,
     status text NOT NULL CHECK (status IN ('active', 'suspended')),
     created_at timestamptz NOT NULL
   );
   CREATE TABLE user_creation_keys (
     client_id text NOT NULL,
     key text NOT NULL,
     fingerprint text NOT NULL,
     user_id bigint,
     created_at timestamptz NOT NULL,
     PRIMARY KEY (client_id, key)
   );
   CREATE INDEX user_creation_keys_by_age ON user_creation_keys (created_at);`,
] as const;

const COLUMNS = 'id, name, email, status, created_at';
const UNIQUE_VIOLATION = '23505';

/** The driver gives a bigint as text, for not every one fits a number; ours count up from 1. */
interface UserRow {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly status: UserStatus;
  readonly created_at: Date;
}

interface KeyRow {
  readonly fingerprint: string;
  readonly user_id: string;
}

/** Opens the users in a PostgreSQL database. @throws CannotOpenDatabaseError */
export async function openPostgresUserRepository(
  url: string,
  onIdleError?: (error: Error) => void,
): Promise<UserRepository> {
  const pool = await openPostgres(url, {
    component: 'user-service',
    migrations: MIGRATIONS,
    ...(onIdleError !== undefined && { onIdleError }),
  });
  return new PostgresUserRepository(pool);
}

/** Leaves a transaction whose work is to be undone, carrying the answer out with it. */
class Undo extends Error {
  readonly outcome: CreateOutcome;

  constructor(outcome: CreateOutcome) {
    super(outcome.kind);
    this.outcome = outcome;
  }
}

class PostgresUserRepository implements UserRepository {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async find(id: number): Promise<User | undefined> {
    const found = await this.#pool.query<UserRow>(`SELECT ${COLUMNS} FROM users WHERE id = $1`, [id]);
    return found.rows.map(toUser)[0];
  }

  async findMany(ids: readonly number[]): Promise<readonly User[]> {
    const rows = await this.#pool.query<UserRow>(`SELECT ${COLUMNS} FROM users WHERE id = ANY($1::bigint[])`, [ids]);
    const found = new Map(rows.rows.map(toUser).map((user) => [user.id, user]));
    return [...new Set(ids)].flatMap((id) => found.get(id) ?? []);
  }

  async list(page: { readonly after: number; readonly limit: number }): Promise<readonly User[]> {
    const found = await this.#pool.query<UserRow>(`SELECT ${COLUMNS} FROM users WHERE id > $1 ORDER BY id LIMIT $2`, [
      page.after,
      page.limit,
    ]);
    return found.rows.map(toUser);
  }

  async create(creation: UserCreation): Promise<CreateOutcome> {
    try {
      return await inPostgresTransaction(this.#pool, async (client) => {
        const { user, createdAt, key } = creation;
        const earlier = key && (await claimKey(client, key, createdAt));
        if (earlier !== undefined) return earlier;
        const inserted = await client.query<UserRow>(
          `INSERT INTO users (name, email, email_key, status, created_at) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (email_key) DO NOTHING RETURNING ${COLUMNS}`,
          [user.name, user.email, emailKey(user.email), user.status, createdAt],
        );
        const created = inserted.rows.map(toUser)[0];
        // Undone, so that the key is free again for the same call with another address.
        if (created === undefined) throw new Undo({ kind: 'email-taken' });
        if (key !== undefined) {
          await client.query('UPDATE user_creation_keys SET user_id = $3 WHERE client_id = $1 AND key = $2', [
            key.clientId,
            key.key,
            created.id,
          ]);
        }
        return { kind: 'created', user: created };
      });
    } catch (error) {
      if (error instanceof Undo) return error.outcome;
      throw error;
    }
  }

  async update(id: number, change: UserChange): Promise<UpdateOutcome> {
    try {
      const updated = await this.#pool.query<UserRow>(
        `UPDATE users SET name = $2, email = $3, email_key = $4, status = coalesce($5, status) WHERE id = $1
         RETURNING ${COLUMNS}`,
        [id, change.name, change.email, emailKey(change.email), change.status ?? null],
      );
      const user = updated.rows.map(toUser)[0];
      return user === undefined ? { kind: 'not-found' } : { kind: 'updated', user };
    } catch (error) {
      if (error instanceof DatabaseError && error.code === UNIQUE_VIOLATION) return { kind: 'email-taken' };
      throw error;
    }
  }

  async delete(id: number): Promise<boolean> {
    const deleted = await this.#pool.query('DELETE FROM users WHERE id = $1', [id]);
    return (deleted.rowCount ?? 0) > 0;
  }

  async insertIfEmpty(users: readonly Omit<User, 'id'>[]): Promise<number> {
    return inPostgresTransaction(this.#pool, async (client) => {
      // Holds off every other writer until the commit, a second process that seeds at the same time among them.
      await client.query('LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE');
      const any = await client.query('SELECT 1 FROM users LIMIT 1');
      if (any.rows.length > 0) return 0;
      const inserted = await client.query(
        `INSERT INTO users (name, email, email_key, status, created_at)
         SELECT name, email, email_key, status, created_at
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
           WITH ORDINALITY AS given (name, email, email_key, status, created_at, place)
         ORDER BY place`,
        [
          users.map((user) => user.name),
          users.map((user) => user.email),
          users.map((user) => emailKey(user.email)),
          users.map((user) => user.status),
          users.map((user) => user.createdAt),
        ],
      );
      return inserted.rowCount ?? 0;
    });
  }

  async forgetKeys(before: string): Promise<number> {
    const forgotten = await this.#pool.query('DELETE FROM user_creation_keys WHERE created_at < $1', [before]);
    return forgotten.rowCount ?? 0;
  }

  async ping(): Promise<void> {
    await this.#pool.query('SELECT 1');
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

/**
 * Takes the key for this transaction, or answers what an earlier one did with it. Inserting first makes a second
 * transaction with the same key wait until the first has committed or rolled back; looking first would let both pass.
 */
async function claimKey(
  client: PoolClient,
  { clientId, key, fingerprint }: CreationKey,
  createdAt: string,
): Promise<CreateOutcome | undefined> {
  const claimed = await client.query(
    `INSERT INTO user_creation_keys (client_id, key, fingerprint, created_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (client_id, key) DO NOTHING`,
    [clientId, key, fingerprint, createdAt],
  );
  if (claimed.rowCount === 1) return undefined;
  const earlier = await client.query<KeyRow>(
    'SELECT fingerprint, user_id FROM user_creation_keys WHERE client_id = $1 AND key = $2',
    [clientId, key],
  );
  const row = earlier.rows[0];
  if (row === undefined) throw new Error('a creation key was forgotten while it was looked up');
  if (row.fingerprint !== fingerprint) return { kind: 'key-reused' };
  const made = await client.query<UserRow>(`SELECT ${COLUMNS} FROM users WHERE id = $1`, [row.user_id]);
  const user = made.rows.map(toUser)[0];
  return user === undefined ? { kind: 'gone' } : { kind: 'replayed', user };
}

function toUser(row: UserRow): User {
  return {
    id: Number(row.id),
    name: row.name,
    email: row.email,
    status: row.status,
    createdAt: row.created_at.toISOString(),
  };
}
