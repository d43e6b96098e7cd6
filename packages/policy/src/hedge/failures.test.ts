import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BulkheadFullError } from '../contract/errors.ts';
import { type Verdict, verdicts } from '../contract/outcome.ts';
import { type Failure, tellingFailure } from './failures.ts';

const down = (copy: number, verdict: Verdict = verdicts.failure): Failure<string> => ({
  copy,
  outcome: { ok: false, error: new Error(`copy ${copy}`) },
  verdict,
});

const refused = (copy: number): Failure<string> => ({
  copy,
  outcome: { ok: false, error: new BulkheadFullError('full', 'bulkhead-full', {}) },
  verdict: verdicts.ignored,
});

const asksFor = (copy: number, retryAfterMs: number): Failure<string> =>
  down(copy, { kind: 'throttled', retry: 'backoff', retryAfterMs });

const cases: readonly [string, readonly Failure<string>[], number][] = [
  ['the earliest copy, whichever failed first', [down(2), down(1), down(3)], 1],
  ['not a refusal while there is anything else', [refused(1), down(3), down(2)], 2],
  ['the earliest refusal when all were refused', [refused(2), refused(1)], 1],
  ['the longest wish of the other side', [down(1), asksFor(2, 500), asksFor(3, 900)], 3],
  ['the earliest of equal wishes', [asksFor(3, 500), asksFor(2, 500)], 2],
  ['no wish that cannot be', [down(1), asksFor(2, Number.NaN), asksFor(3, -5)], 1],
];

for (const [claim, failures, copy] of cases) {
  test(`of several failures the caller hears ${claim}`, () => {
    assert.equal(tellingFailure(failures).copy, copy);
  });
}
