import { Client, Pool, type PoolClient } from 'pg';
import { CannotOpenDatabaseError } from './cannot-open-database.ts';

export interface PostgresOptions {
  /** What the connection is called in `pg_stat_activity`, and whose schema version the migrations move. */
  readonly component: string;
  /** One script per schema version, in order. */
  readonly migrations: readonly string[];
  /** The most connections held at once; further queries wait. @default 10 */
  readonly connections?: number;
  /** How long to wait for a connection, in milliseconds. @default 2_000 */
  readonly connectTimeoutMs?: number;
  /** After which the server cancels a statement, in milliseconds. @default 2_000 */
  readonly statementTimeoutMs?: number;
  /** Told when an idle connection dies; the pool replaces it by itself. */
  readonly onIdleError?: (error: Error) => void;
}

/**
 * Opens a bounded pool, makes sure the server answers, and brings the schema up to date.
 * @throws CannotOpenDatabaseError with the URL, less its password, and the reason.
 */
export async function openPostgres(url: string, options: PostgresOptions): Promise<Pool> {
  try {
    await migrate(url, options);
  } catch (error) {
    throw new CannotOpenDatabaseError(withoutPassword(url), error);
  }
  const statementTimeoutMs = options.statementTimeoutMs ?? 2_000;
  const pool = new Pool({
    ...connectionOf(url, options),
    max: options.connections ?? 10,
    statement_timeout: statementTimeoutMs,
    lock_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: 2 * statementTimeoutMs,
    // The server's own timeout cannot fire when the server is unreachable, so the driver has a later one.
    query_timeout: statementTimeoutMs + 1_000,
  });
  // Without a listener the death of an idle connection would end the process.
  pool.on('error', options.onIdleError ?? (() => {}));
  return pool;
}

/** Runs `work` on one connection; commits what it returns, rolls back what it throws. */
export async function inPostgresTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((rollbackError: Error) => {
      // A connection in an unknown state must not go back into the pool.
      broken = rollbackError;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** The URL as it may be shown. */
export function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return 'DATABASE_URL';
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '***';
  // A password may also travel as a query parameter.
  shown.search = '';
  return shown.href;
}

function connectionOf(url: string, { component, connectTimeoutMs = 2_000 }: PostgresOptions) {
  return { connectionString: url, application_name: component, connectionTimeoutMillis: connectTimeoutMs };
}

/** On a connection of its own, because moving a large table may take longer than a request's statement ever should. */
async function migrate(url: string, options: PostgresOptions): Promise<void> {
  const { component, migrations } = options;
  const client = new Client(connectionOf(url, options));
  // A connection that dies also fails the query under way; that error is the one to report.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('BEGIN');
    // Two processes that start together must not both create the tables.
    await client.query("SELECT pg_advisory_xact_lock(hashtext('shop schema'))");
    await client.query(
      'CREATE TABLE IF NOT EXISTS schema_versions (component text PRIMARY KEY, version integer NOT NULL)',
    );
    const found = await client.query<{ version: number }>('SELECT version FROM schema_versions WHERE component = $1', [
      component,
    ]);
    const version = found.rows[0]?.version ?? 0;
    if (version > migrations.length) {
      throw new Error(`its schema is version ${version}, this program knows versions up to ${migrations.length}`);
    }
    for (const script of migrations.slice(version)) await client.query(script);
    await client.query(
      `INSERT INTO schema_versions (component, version) VALUES ($1, $2)
       ON CONFLICT (component) DO UPDATE SET version = excluded.version`,
      [component, migrations.length],
    );
    await client.query('COMMIT');
  } finally {
    // Ending the connection also undoes what was not committed.
    await client.end();
  }
}
