import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { inSqliteTransaction, openSqlite } from '../../storage/sqlite.ts';
import type { CreateOutcome, UpdateOutcome, UserCreation, UserRepository } from './repository.ts';
import { emailKey, type NewUser, type User, type UserChange } from './user.ts';

const MIGRATIONS = [
  // AUTOINCREMENT, because a plain rowid would give the id of the last deleted user to the next one.
  `CREATE TABLE users (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     name TEXT NOT NULL,
     email TEXT NOT NULL,
     email_key TEXT NOT NULL UNIQUE,
     status TEXT NOT NULL CHECK (status IN ('active', 'suspended')),
     created_at TEXT NOT NULL
   ) STRICT;
   CREATE TABLE user_creation_keys (
     client_id TEXT NOT NULL,
     key TEXT NOT NULL,
     fingerprint TEXT NOT NULL,
     user_id INTEGER NOT NULL,
     created_at TEXT NOT NULL,
     PRIMARY KEY (client_id, key)
   ) STRICT;
   CREATE INDEX user_creation_keys_by_age ON user_creation_keys (created_at);`,
] as const;

const COLUMNS = 'id, name, email, status, created_at';

/** SQLite's extended result code for a UNIQUE constraint. */
const CONSTRAINT_UNIQUE = 2067;

/** Opens the users in one SQLite file. @throws CannotOpenDatabaseError */
export function openSqliteUserRepository(file: string): UserRepository {
  return new SqliteUserRepository(openSqlite(file, MIGRATIONS));
}

class SqliteUserRepository implements UserRepository {
  readonly #database: DatabaseSync;
  readonly #find: StatementSync;
  readonly #findMany: StatementSync;
  readonly #list: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #delete: StatementSync;
  readonly #findKey: StatementSync;
  readonly #insertKey: StatementSync;
  readonly #forgetKeys: StatementSync;
  readonly #any: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#find = database.prepare(`SELECT ${COLUMNS} FROM users WHERE id = ?`);
    this.#findMany = database.prepare(`SELECT ${COLUMNS} FROM users WHERE id IN (SELECT value FROM json_each(?))`);
    this.#list = database.prepare(`SELECT ${COLUMNS} FROM users WHERE id > ? ORDER BY id LIMIT ?`);
    this.#insert = database.prepare(
      `INSERT INTO users (name, email, email_key, status, created_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (email_key) DO NOTHING RETURNING ${COLUMNS}`,
    );
    this.#update = database.prepare(
      `UPDATE users SET name = ?, email = ?, email_key = ?, status = coalesce(?, status) WHERE id = ?
       RETURNING ${COLUMNS}`,
    );
    this.#delete = database.prepare('DELETE FROM users WHERE id = ?');
    this.#findKey = database.prepare(
      'SELECT fingerprint, user_id FROM user_creation_keys WHERE client_id = ? AND key = ?',
    );
    this.#insertKey = database.prepare(
      'INSERT INTO user_creation_keys (client_id, key, fingerprint, user_id, created_at) VALUES (?, ?, ?, ?, ?)',
    );
    this.#forgetKeys = database.prepare('DELETE FROM user_creation_keys WHERE created_at < ?');
    this.#any = database.prepare('SELECT 1 FROM users LIMIT 1');
  }

  async find(id: number): Promise<User | undefined> {
    return this.#findNow(id);
  }

  async findMany(ids: readonly number[]): Promise<readonly User[]> {
    const found = new Map(
      this.#findMany
        .all(JSON.stringify(ids))
        .map(toUser)
        .map((user) => [user.id, user]),
    );
    return [...new Set(ids)].flatMap((id) => found.get(id) ?? []);
  }

  async list(page: { readonly after: number; readonly limit: number }): Promise<readonly User[]> {
    return this.#list.all(page.after, page.limit).map(toUser);
  }

  async create({ user, createdAt, key }: UserCreation): Promise<CreateOutcome> {
    return inSqliteTransaction(this.#database, (): CreateOutcome => {
      const earlier = key && this.#findKey.get(key.clientId, key.key);
      if (earlier !== undefined) {
        if (earlier.fingerprint !== key?.fingerprint) return { kind: 'key-reused' };
        const made = this.#findNow(Number(earlier.user_id));
        return made === undefined ? { kind: 'gone' } : { kind: 'replayed', user: made };
      }
      const created = this.#insertNow(user, createdAt);
      if (created === undefined) return { kind: 'email-taken' };
      if (key !== undefined) this.#insertKey.run(key.clientId, key.key, key.fingerprint, created.id, createdAt);
      return { kind: 'created', user: created };
    });
  }

  async update(id: number, change: UserChange): Promise<UpdateOutcome> {
    try {
      const row = this.#update.get(change.name, change.email, emailKey(change.email), change.status ?? null, id);
      return row === undefined ? { kind: 'not-found' } : { kind: 'updated', user: toUser(row) };
    } catch (error) {
      if (error instanceof Error && 'errcode' in error && error.errcode === CONSTRAINT_UNIQUE) {
        return { kind: 'email-taken' };
      }
      throw error;
    }
  }

  async delete(id: number): Promise<boolean> {
    return Number(this.#delete.run(id).changes) > 0;
  }

  async insertIfEmpty(users: readonly Omit<User, 'id'>[]): Promise<number> {
    return inSqliteTransaction(this.#database, () => {
      if (this.#any.get() !== undefined) return 0;
      for (const user of users) {
        if (this.#insertNow(user, user.createdAt) === undefined) throw new Error('two users to insert share an e-mail');
      }
      return users.length;
    });
  }

  async forgetKeys(before: string): Promise<number> {
    return Number(this.#forgetKeys.run(before).changes);
  }

  async ping(): Promise<void> {
    this.#any.get();
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  #findNow(id: number): User | undefined {
    const row = this.#find.get(id);
    return row && toUser(row);
  }

  #insertNow(user: NewUser, createdAt: string): User | undefined {
    const row = this.#insert.get(user.name, user.email, emailKey(user.email), user.status, createdAt);
    return row && toUser(row);
  }
}

function toUser(row: Record<string, SQLOutputValue>): User {
  return {
    id: Number(row.id),
    name: String(row.name),
    email: String(row.email),
    // The column's CHECK admits nothing else.
    status: row.status === 'suspended' ? 'suspended' : 'active',
    createdAt: String(row.created_at),
  };
}
