import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../contract/errors.ts';
import { hedge } from './hedge.ts';
import { type HedgeOptions, hedgeDefaults, readHedgeOptions } from './options.ts';

const impossible: readonly [string, HedgeOptions][] = [
  ...[-1, 0.5, 11, Number.NaN, '2', null].map((value) => ['maxHedges', { maxHedges: value }] as const),
  ...[-1, Number.NaN, Number.POSITIVE_INFINITY, 'never', null].map((value) => ['delayMs', { delayMs: value }] as const),
  ...[0, 1.5, Number.NaN].map((value) => ['quantile', { quantile: value }] as const),
  ...[0, 1.5, Number.POSITIVE_INFINITY].map((value) => ['minimumSamples', { minimumSamples: value }] as const),
  ...[0, -1, 2 ** 31].map((value) => ['windowMs', { windowMs: value }] as const),
  ['warmUpDelayMs', { warmUpDelayMs: -1 }],
  ['action', { action: 'elsewhere' }],
  ['budget', { budget: {} }],
  ['classify', { classify: 1 }],
  ['dispose', { dispose: true }],
  ['delay', { delay: 5 }],
].map(([name, options]) => [name as string, options as HedgeOptions]);

test('names what cannot be', () => {
  for (const [name, options] of impossible) assert.throws(() => hedge(options), { path: `hedge.${name}` });
  assert.throws(() => hedge(5 as never), ConfigError);
});

test('has no use for both a delay and what a live one is made of', () => {
  for (const name of ['quantile', 'minimumSamples', 'windowMs', 'warmUpDelayMs'] as const) {
    assert.throws(() => hedge({ delayMs: 5, [name]: hedgeDefaults.minimumSamples / 100 }), { path: `hedge.${name}` });
    assert.ok(hedge({ delayMs: 5, [name]: undefined } as HedgeOptions));
  }
});

test('wants enough samples for one of them to lie beyond the quantile', () => {
  assert.throws(() => hedge({ quantile: 0.99, minimumSamples: 99 }), /at least 100, as quantile is 0.99, got 99/);
  assert.throws(() => hedge({ quantile: 0.999 }), /at least 1000/);
  assert.throws(() => hedge({ quantile: 1 }), /expected a quantile below 1/);
  for (const [quantile, minimumSamples] of [
    [0.99, 100],
    [0.9, 10],
    [0.95, 20],
    [0.999, 1_000],
    [0.5, 2],
  ] as const) {
    assert.equal(readHedgeOptions({ quantile, minimumSamples }).minimumSamples, minimumSamples);
  }
});

test('describes itself', () => {
  assert.equal(hedge().describe(), 'hedge: at most 1, after the 0.95 quantile, none before 100 latencies, no budget');
  const action = async (): Promise<string> => 'there';
  assert.equal(
    hedge({ delayMs: 50, maxHedges: 2, action }).describe(),
    'hedge: at most 2 elsewhere, after 50 ms, no budget',
  );
  assert.equal(hedge({ delayMs: 0 }).describe(), 'hedge: at most 1, all at once, no budget');
  assert.equal(hedge({ delayMs: 'on-failure' }).describe(), 'hedge: at most 1, when one has failed, no budget');
  assert.match(hedge({ warmUpDelayMs: 40 }).describe(), /after 40 ms before 100 latencies/);
  const budget = { deposit() {}, tryWithdraw: () => true, giveBack() {}, describe: () => 'endless' };
  assert.match(hedge({ budget }).describe(), /budget endless$/);
});
