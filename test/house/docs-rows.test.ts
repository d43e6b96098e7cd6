import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOnly } from '../../scripts/source/code-only.ts';
import { filesMatching, readSource, type SourceFile } from '../../scripts/source/files.ts';
import { plain, tablesIn } from '../../scripts/source/tables.ts';

/*
 * Whoever meets a code in a log or a type on a channel finds a row about it, and finds no row about what is gone.
 */

const sources = filesMatching('packages/*/src/**/*.ts').filter(({ path }) => !path.endsWith('.test.ts'));

/** Code and class, as `SWITCHGEAR_X ClassName`: the class that a `code` field stands in. */
function errorCodesIn({ text }: SourceFile): string[] {
  const code = codeOnly(text, { strings: false });
  const classes = [...code.matchAll(/\bclass\s+(\w+)/g)];
  return [...code.matchAll(/\breadonly\s+code(?:\s*:\s*[^=;]+)?\s*=\s*'(SWITCHGEAR_\w+)'/g)].map((match) => {
    const owner = classes.findLast(({ index }) => index < match.index)?.[1];
    return `${match[1]} ${owner}`;
  });
}

function eventTypesIn({ text }: SourceFile): string[] {
  const code = codeOnly(text, { strings: false });
  return [...code.matchAll(/\breadonly\s+type\s*:\s*'([a-z-]+(?:\.[a-z-]+)+)'/g)].map((match) => match[1] as string);
}

function rowsOf(page: string, text: string, ...columns: string[]): string[] {
  return tablesIn({ path: page, text })
    .filter((table) => columns.every((column) => table.columns.includes(column)))
    .flatMap(({ rows }) => rows.map((row) => columns.map((column) => plain(row[column])).join(' ')));
}

/** What one side has and the other lacks. */
function difference(code: readonly string[], docs: readonly string[], page: string): string[] {
  return [
    ...code.filter((one) => !docs.includes(one)).map((one) => `${one}: in the code, no row in ${page}`),
    ...docs.filter((one) => !code.includes(one)).map((one) => `${one}: a row in ${page}, not in the code`),
    ...docs.filter((one, i) => docs.indexOf(one) !== i).map((one) => `${one}: twice in ${page}`),
  ];
}

test('every error code has a row in docs/errors.md with its class, and every row a code', () => {
  const rows = rowsOf('docs/errors.md', readSource('docs/errors.md').text, 'Code', 'Class');
  assert.deepEqual(difference(sources.flatMap(errorCodesIn), rows, 'docs/errors.md'), []);
});

test('every event type has a row in docs/events.md, and every row a type', () => {
  const rows = rowsOf('docs/events.md', readSource('docs/events.md').text, 'Type');
  assert.deepEqual(difference([...new Set(sources.flatMap(eventTypesIn))], rows, 'docs/events.md'), []);
});

test('a code is given to one class only', () => {
  const codes = sources.flatMap(errorCodesIn).map((one) => one.split(' ')[0]);
  assert.deepEqual(
    codes.filter((code, i) => codes.indexOf(code) !== i),
    [],
  );
});

test('a code is found in every form it is written in, a comparison is not', () => {
  const text = `
    class AError extends B { override readonly code = 'SWITCHGEAR_A'; }
    class BError extends B { override readonly code: string = 'SWITCHGEAR_B'; }
    // class CError { readonly code = 'SWITCHGEAR_C'; }
    if (error.code === 'SWITCHGEAR_D') stop();
  `;
  assert.deepEqual(errorCodesIn({ path: 'x.ts', text }), ['SWITCHGEAR_A AError', 'SWITCHGEAR_B BError']);
});

test('a type is found where an event declares it', () => {
  const text = "interface X { readonly type: 'retry.scheduled'; } interface Y { readonly type: string }";
  assert.deepEqual(eventTypesIn({ path: 'x.ts', text }), ['retry.scheduled']);
});

test('a missing row, a row too many and a row twice are caught', () => {
  const page = '| Type | When |\n|---|---|\n| `a.b` | then |\n| `c.d` | then |\n| `c.d` | then |\n';
  assert.deepEqual(difference(['a.b', 'e.f'], rowsOf('x.md', page, 'Type'), 'x.md'), [
    'e.f: in the code, no row in x.md',
    'c.d: a row in x.md, not in the code',
    'c.d: a row in x.md, not in the code',
    'c.d: twice in x.md',
  ]);
});
