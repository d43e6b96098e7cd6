import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { shedRatio } from './shed-ratio.ts';

const settings = { failureRatio: 0.5, minimumCalls: 20, maxRejectRatio: 0.9 };

for (const { requests, accepts, failureRatio = 0.5, want } of [
  { requests: 100, accepts: 100, want: 0 },
  { requests: 100, accepts: 50, want: 0 },
  { requests: 99, accepts: 24, want: 0.51 },
  { requests: 99, accepts: 5, want: 0.89 },
  { requests: 99, accepts: 0, want: 0.9 },
  { requests: 19, accepts: 0, want: 0 },
  { requests: 0, accepts: 0, want: 0 },
  { requests: 99, accepts: 45, failureRatio: 0.1, want: 0.49 },
  { requests: 99, accepts: 98, failureRatio: 0, want: 0.01 },
]) {
  test(`sheds ${want} when ${accepts} of ${requests} are accepted and ${failureRatio} may fail`, () => {
    assert.equal(Math.round(shedRatio(requests, accepts, { ...settings, failureRatio }) * 1e9) / 1e9, want);
  });
}

test('lies between nothing and the cap, falls with each accept, and is nothing where all are accepted', (t) => {
  const ratio = fc.double({ min: 0, max: 0.99, noNaN: true });
  const counts = fc
    .nat({ max: 10_000 })
    .chain((requests) => fc.tuple(fc.constant(requests), fc.nat({ max: requests })));
  fc.assert(
    fc.property(
      counts,
      ratio,
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      ([requests, accepts], failureRatio, cap) => {
        const own = { failureRatio, minimumCalls: 1, maxRejectRatio: cap };
        const shed = shedRatio(requests, accepts, own);
        assert.ok(shed >= 0 && shed <= cap && shed < 1, `${shed}`);
        assert.ok(shedRatio(requests, Math.min(requests, accepts + 1), own) <= shed);
        assert.equal(shedRatio(requests, requests, own), 0);
      },
    ),
    runs(t),
  );
});
