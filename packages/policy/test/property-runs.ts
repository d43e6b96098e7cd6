import { randomInt } from 'node:crypto';
import type { TestContext } from 'node:test';
import fc from 'fast-check';

/*
 * How often every property of this package is tried, and by which chance. An invariant is tried 10,000 times; where one
 * property is tried in several variants, or several properties show one invariant, each takes its part of these.
 *
 *   SWITCHGEAR_RUNS=100000 npm test -- unit   tries ten times as hard; fewer than 10,000 is possible as well
 *   SWITCHGEAR_SEED=42 npm test -- unit       draws what was drawn when this seed was printed
 *   SWITCHGEAR_SEED=new npm test -- unit      draws what nobody has drawn before, and prints its seed
 */

/** Tries per invariant where nothing else is said. */
const usual = 10_000;

const wanted = wholeNumber('SWITCHGEAR_RUNS', 1, 100_000_000) ?? usual;
// The same for everybody who says nothing, so that a change is never blamed for what another draw would have shown before
// it. Who looks for what 10,000 draws have missed says `new`.
const seed =
  process.env.SWITCHGEAR_SEED === 'new'
    ? randomInt(2 ** 31)
    : (wholeNumber('SWITCHGEAR_SEED', -(2 ** 31), 2 ** 31 - 1) ?? 42);

// A trace that may have 60 steps has them. By itself, fast-check stops at ten, whatever it is told.
fc.configureGlobal({ ...fc.readConfigureGlobal(), defaultSizeToMaxWhenMaxSpecified: true });

let told = false;

/**
 * The parameters of one property. The seed is told once per file, and fast-check names it again with what fails.
 * @param of How many of the usual 10,000 runs are this property's. Whoever says less says why.
 */
export function runs(test: TestContext, of: number = usual): { readonly seed: number; readonly numRuns: number } {
  const numRuns = Math.max(1, Math.round((of * wanted) / usual));
  if (!told) test.diagnostic(`properties here are drawn by SWITCHGEAR_SEED=${seed}, ${wanted} runs per invariant`);
  told = true;
  return { seed, numRuns };
}

function wholeNumber(name: string, least: number, most: number): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name}: expected a whole number from ${least} to ${most}, got ${text}`);
}
