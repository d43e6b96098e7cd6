import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CannotOpenDatabaseError } from './cannot-open-database.ts';
import { inSqliteTransaction, openSqlite } from './sqlite.ts';

const FIRST = 'CREATE TABLE things (name TEXT PRIMARY KEY) STRICT';
const SECOND = 'ALTER TABLE things ADD COLUMN size INTEGER';

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sqlite-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('creates the folder and opens for durable commits', (t) => {
  const database = openSqlite(join(temporaryFolder(t), 'a', 'b', 'things.sqlite'), [FIRST]);
  t.after(() => database.close());
  const pragma = (name: string): unknown => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  assert.equal(pragma('journal_mode'), 'wal');
  assert.equal(pragma('synchronous'), 2);
  assert.equal(pragma('foreign_keys'), 1);
  assert.equal(pragma('busy_timeout'), 1_000);
});

test('runs each migration once and keeps the rows', (t) => {
  const file = join(temporaryFolder(t), 'things.sqlite');
  const old = openSqlite(file, [FIRST]);
  old.exec("INSERT INTO things VALUES ('bolt')");
  old.close();
  const current = openSqlite(file, [FIRST, SECOND]);
  t.after(() => current.close());
  assert.deepEqual({ ...current.prepare('SELECT * FROM things').get() }, { name: 'bolt', size: null });
});

test('refuses a file that a newer program has migrated', (t) => {
  const file = join(temporaryFolder(t), 'things.sqlite');
  openSqlite(file, [FIRST, SECOND]).close();
  assert.throws(() => openSqlite(file, [FIRST]), {
    name: 'CannotOpenDatabaseError',
    message: `cannot open database at ${file}: its schema is version 2, this program knows versions up to 1`,
  });
});

test('says which file is not a database', (t) => {
  const file = join(temporaryFolder(t), 'notes.txt');
  writeFileSync(file, 'these are notes, and long enough to be looked at as a database header would be');
  assert.throws(() => openSqlite(file, [FIRST]), {
    message: `cannot open database at ${file}: file is not a database`,
  });
});

test('says why a folder cannot be made', (t) => {
  const file = join(temporaryFolder(t), 'plain-file');
  writeFileSync(file, '');
  assert.throws(
    () => openSqlite(join(file, 'sub', 'things.sqlite'), [FIRST]),
    (error) => error instanceof CannotOpenDatabaseError && error.message.includes('ENOTDIR'),
  );
});

test('undoes a transaction whose work throws', (t) => {
  const database = openSqlite(join(temporaryFolder(t), 'things.sqlite'), [FIRST]);
  t.after(() => database.close());
  assert.throws(
    () =>
      inSqliteTransaction(database, () => {
        database.exec("INSERT INTO things VALUES ('bolt')");
        throw new Error('changed my mind');
      }),
    /changed my mind/,
  );
  assert.equal(database.prepare('SELECT * FROM things').get(), undefined);
  inSqliteTransaction(database, () => database.exec("INSERT INTO things VALUES ('nut')"));
  assert.deepEqual({ ...database.prepare('SELECT * FROM things').get() }, { name: 'nut' });
});
