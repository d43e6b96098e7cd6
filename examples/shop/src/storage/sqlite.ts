import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CannotOpenDatabaseError } from './cannot-open-database.ts';
import { makeFolder } from './folder.ts';

/** How long a statement waits for another process's lock. Short, because the wait blocks the event loop. */
const BUSY_TIMEOUT_MS = 1_000;

/**
 * Opens a database file, creating it and its folder, and brings its schema up to date.
 *
 * `synchronous=FULL` makes a commit wait for the disk even in WAL mode: what was answered 201 must survive a power cut.
 * @param migrations one script per schema version, in order; the file remembers in `user_version` how many it has seen.
 * @throws CannotOpenDatabaseError with the path and the reason.
 */
export function openSqlite(file: string, migrations: readonly string[]): DatabaseSync {
  const path = resolve(file);
  let database: DatabaseSync | undefined;
  try {
    makeFolder(dirname(path));
    database = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: BUSY_TIMEOUT_MS });
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    migrate(database, migrations);
    return database;
  } catch (error) {
    database?.close();
    throw new CannotOpenDatabaseError(path, error);
  }
}

/** Runs `work` with the write lock held from the start, so that what it reads cannot change before it writes. */
export function inSqliteTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // Some failures, a full disk among them, have rolled back already.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function migrate(database: DatabaseSync, migrations: readonly string[]): void {
  inSqliteTransaction(database, () => {
    const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
    if (version > migrations.length) {
      throw new Error(`its schema is version ${version}, this program knows versions up to ${migrations.length}`);
    }
    for (const script of migrations.slice(version)) database.exec(script);
    database.exec(`PRAGMA user_version = ${migrations.length}`);
  });
}
