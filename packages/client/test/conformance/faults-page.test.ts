import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverFaults } from '../../src/testing/index.ts';
import { faultsPage, faultsTable } from './faults-page.ts';
import { table } from './table.ts';

test('docs/client/faults.md shows the table that the suite goes by; run faults-page.ts to make it so', () => {
  const shown = faultsPage()
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .join('\n');
  assert.equal(shown, faultsTable());
});

test('every fault of the server is met by the suite, but those that are for tokens', () => {
  const met = new Set<unknown>(table.map(({ meets }) => meets));
  const left = Object.keys(serverFaults).filter((fault) => !met.has(fault));
  assert.deepEqual(left, ['newest-token-only', 'token', 'stale-token']);
});

test('every fault has a name of its own', () => {
  assert.equal(new Set(table.map(({ fault }) => fault)).size, table.length);
});
