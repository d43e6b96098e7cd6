import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';
import { readSource, root } from '../../scripts/source/files.ts';
import { tablesIn } from '../../scripts/source/tables.ts';

/*
 * docs/invariants.md says which test shows which rule. Each id has a row, and each test that a row names is there, so
 * that a rule cannot lose its proof unnoticed.
 */

const page = 'docs/invariants.md';
/** What the paths of the page begin at. */
const base = 'packages/policy';

const numbered = (letter: string, last: number): string[] =>
  Array.from({ length: last }, (_, i) => `${letter}${String(i + 1).padStart(2, '0')}`);

const wanted: readonly string[] = [...numbered('I', 68), ...numbered('D', 16)];

/** A test that a row names; `…` stands for whatever differs from one to the next. */
interface Proof {
  readonly id: string;
  readonly file: string;
  readonly name: string;
}

interface Row {
  readonly id: string;
  readonly shownBy: string;
}

function rowsIn(text: string): Row[] {
  return tablesIn({ path: page, text }).flatMap(({ rows }) =>
    rows.map((row) => ({ id: row.Id ?? '', shownBy: row['Shown by'] ?? '' })),
  );
}

/** A path in backticks, and the names in italics that follow it. */
function proofsIn({ id, shownBy }: Row): Proof[] {
  let file = '';
  const proofs: Proof[] = [];
  for (const [, path, name] of shownBy.matchAll(/`([^`]+)`|\*([^*]+)\*/g)) {
    if (path !== undefined) file = posix.join(base, path);
    else if (name !== undefined) proofs.push({ id, file, name });
  }
  return proofs;
}

/** The names of the tests of a file; what is filled in when it runs is `…`. */
function testNamesIn(text: string): string[] {
  return [...text.matchAll(/\btest\(\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/g)].map(
    ([, single, double, template]) =>
      (single ?? double ?? template ?? '').replaceAll(/\$\{[^}]*\}/g, '…').replaceAll(/\\(.)/g, '$1'),
  );
}

function faultsIn(text: string, namesOf: (file: string) => readonly string[] | undefined): string[] {
  const rows = rowsIn(text);
  const ids = rows.map(({ id }) => id);
  return [
    ...wanted.filter((id) => !ids.includes(id)).map((id) => `${id} has no row`),
    ...ids.filter((id) => !wanted.includes(id)).map((id) => `${id} is no id`),
    ...ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => `${id} has two rows`),
    ...rows
      .filter((row) => proofsIn(row).length === 0 && !/^(?:client|not of this package): ./.test(row.shownBy))
      .map(({ id }) => `${id} has neither a test nor a reason`),
    ...rows.flatMap(proofsIn).flatMap(({ id, file, name }) => {
      const names = namesOf(file);
      if (names === undefined) return [`${id} names ${file}, which is not there`];
      return names.includes(name) ? [] : [`${id} names a test that ${file} does not have: ${name}`];
    }),
  ];
}

const known = new Map<string, readonly string[] | undefined>();

function testsOf(file: string): readonly string[] | undefined {
  if (!known.has(file)) {
    known.set(file, existsSync(posix.join(root, file)) ? testNamesIn(readSource(file).text) : undefined);
  }
  return known.get(file);
}

test('every invariant and every driver case has a row, with tests that are there or a reason why not here', () => {
  assert.deepEqual(faultsIn(readSource(page).text, testsOf), []);
});

test('a row that is missing, too many, twice or empty, and a test that has gone, are caught', () => {
  const rows = [
    ...wanted.slice(2).map((id) => `| ${id} | x | client: x |`),
    '| I02 | x | `src/a.test.ts`: *is there*; *is gone*; `src/b.test.ts`: *is there* |',
    '| I03 | x | client: x |',
    '| I99 | x | because |',
  ];
  const text = `| Id | Claim | Shown by |\n|---|---|---|\n${rows.join('\n')}\n`;
  const faults = faultsIn(text, (file) => (file === 'packages/policy/src/a.test.ts' ? ['is there'] : undefined));
  assert.deepEqual(faults, [
    'I01 has no row',
    'I99 is no id',
    'I03 has two rows',
    'I99 has neither a test nor a reason',
    'I02 names a test that packages/policy/src/a.test.ts does not have: is gone',
    'I02 names packages/policy/src/b.test.ts, which is not there',
  ]);
});

test('a name is read in every way it is written', () => {
  const text = [
    "test('says so', () => {});",
    'test("a caller\'s", async () => {});',
    `for (const x of y) test(\`is \${x} of \${y}\`, () => {});`,
    "test(\n  'on the next line',\n  () => {});",
    "latest('is no test');",
  ].join('\n');
  assert.deepEqual(testNamesIn(text), ['says so', "a caller's", 'is … of …', 'on the next line']);
});
