import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runs } from '../../test/property-runs.ts';
import { Gcra } from './gcra.ts';
import type { RateMeter } from './rate-meter.ts';
import { TokenBucket } from './token-bucket.ts';

/* One suite for both ways of counting: they are to decide alike. */

const meters = [
  ['token bucket', TokenBucket],
  ['GCRA', Gcra],
] as const;

/** What is done to a meter that gains a token each 10 ms, and what it says then. */
type Deed =
  | readonly ['take', weight: number, at: number]
  | readonly ['give back', tokens: number, at: number]
  | readonly ['drain', pauseMs: number, at: number]
  | readonly ['change', everyMs: number, capacity: number, at: number];

function meterAfter(make: (typeof meters)[number][1], capacity: number, deeds: readonly Deed[]): RateMeter {
  const meter = new make(10, capacity, 0);
  for (const deed of deeds) {
    if (deed[0] === 'take') meter.take(deed[1], deed[2]);
    else if (deed[0] === 'give back') meter.giveBack(deed[1], deed[2]);
    else if (deed[0] === 'drain') meter.drain(deed[2], deed[1]);
    else meter.change(deed[1], deed[2], deed[3]);
  }
  return meter;
}

interface Row {
  readonly says: string;
  readonly capacity: number;
  readonly deeds: readonly Deed[];
  /** Tokens at moments. */
  readonly tokens?: readonly (readonly [at: number, tokens: number])[];
  /** When someone of a weight may go, by weight and what goes before; only those in the future are listed. */
  readonly ready?: readonly (readonly [weight: number, ahead: number, at: number])[];
}

const table: readonly Row[] = [
  {
    says: 'starts full',
    capacity: 3,
    deeds: [],
    tokens: [
      [0, 3],
      [500, 3],
    ],
  },
  {
    says: 'gains at its rate, up to the capacity and no further',
    capacity: 3,
    deeds: [['take', 3, 0]],
    tokens: [
      [0, 0],
      [5, 0.5],
      [20, 2],
      [30, 3],
      [1e9, 3],
    ],
  },
  {
    says: 'says when each weight may go, alone and behind others',
    capacity: 3,
    deeds: [['take', 3, 0]],
    ready: [
      [1, 0, 10],
      [3, 0, 30],
      [1, 5, 60],
      [0.5, 0, 5],
    ],
  },
  {
    says: 'says the same moment until something is taken',
    capacity: 1,
    deeds: [
      ['take', 1, 0],
      ['take', 1, 10],
    ],
    ready: [[1, 0, 20]],
  },
  {
    says: 'lets the heaviest go when full, and those after them wait until it is paid',
    capacity: 3,
    deeds: [['take', 5, 0]],
    tokens: [[0, -2]],
    ready: [
      [1, 0, 30],
      [5, 0, 50],
    ],
  },
  {
    says: 'keeps what has not been used out of what it spends, up to the capacity',
    capacity: 3,
    deeds: [
      ['take', 2, 0],
      ['give back', 2, 5],
    ],
    tokens: [[5, 3]],
  },
  {
    says: 'takes part of a debt back',
    capacity: 3,
    deeds: [
      ['take', 5, 0],
      ['give back', 1, 0],
    ],
    tokens: [[0, -1]],
  },
  {
    says: 'is empty once drained, and gains again at once',
    capacity: 3,
    deeds: [['drain', 0, 100]],
    tokens: [
      [100, 0],
      [110, 1],
    ],
    ready: [[1, 0, 110]],
  },
  {
    says: 'gains nothing in a pause, and what there was before stays gone',
    capacity: 3,
    deeds: [['drain', 50, 100]],
    tokens: [
      [149, 0],
      [150, 0],
      [160, 1],
    ],
    ready: [[2, 1, 180]],
  },
  {
    says: 'lets nobody go in a pause on what was given back',
    capacity: 3,
    deeds: [
      ['take', 1, 99],
      ['drain', 50, 100],
      ['give back', 1, 110],
    ],
    ready: [
      [1, 0, 150],
      [0.5, 0, 150],
    ],
  },
  {
    says: 'is not paid by being drained',
    capacity: 3,
    deeds: [
      ['take', 5, 0],
      ['drain', 0, 0],
    ],
    tokens: [[0, -2]],
  },
  {
    says: 'does not shorten a pause by a shorter one',
    capacity: 3,
    deeds: [
      ['drain', 50, 100],
      ['drain', 0, 120],
    ],
    ready: [[1, 0, 160]],
  },
  {
    says: 'lets as much more go as the capacity grows by',
    capacity: 3,
    deeds: [
      ['take', 2, 0],
      ['change', 10, 9, 0],
    ],
    tokens: [
      [0, 7],
      [20, 9],
      [30, 9],
    ],
  },
  {
    says: 'is as full after the capacity shrinks as it was before',
    capacity: 9,
    deeds: [['change', 10, 3, 0]],
    tokens: [[0, 3]],
  },
  {
    says: 'counts what has gone against a capacity that shrinks',
    capacity: 9,
    deeds: [
      ['take', 5, 0],
      ['change', 10, 3, 0],
    ],
    tokens: [[0, -2]],
    ready: [[1, 0, 30]],
  },
  {
    says: 'keeps what is owed when the rate changes, and is paid at the new rate',
    capacity: 3,
    deeds: [
      ['take', 5, 0],
      ['change', 100, 3, 10],
    ],
    tokens: [
      [10, -1],
      [110, 0],
    ],
    ready: [[1, 0, 210]],
  },
  {
    says: 'reckons the time before a change at the old rate',
    capacity: 3,
    deeds: [
      ['take', 3, 0],
      ['change', 100, 3, 20],
    ],
    tokens: [[20, 2]],
  },
  {
    says: 'keeps a pause when the rate changes in it',
    capacity: 3,
    deeds: [
      ['drain', 50, 0],
      ['change', 5, 3, 10],
    ],
    ready: [[1, 0, 55]],
  },
  {
    says: 'holds nothing at a capacity of 0, and spaces by weight',
    capacity: 0,
    deeds: [['take', 3, 0]],
    tokens: [
      [0, -3],
      [30, 0],
      [99, 0],
    ],
    ready: [
      [1, 0, 30],
      [9, 0, 30],
      [1, 2, 50],
    ],
  },
  {
    says: 'begins an interval anew when drained at a capacity of 0',
    capacity: 0,
    deeds: [['drain', 0, 100]],
    ready: [[1, 0, 110]],
  },
  {
    says: 'gains nothing while a clock runs backwards, nor when it comes back to where it was',
    capacity: 3,
    deeds: [
      ['take', 3, 100],
      ['take', 0, 40],
      ['take', 0, 100],
    ],
    tokens: [
      [100, 0],
      [110, 1],
    ],
    ready: [[1, 0, 110]],
  },
];

const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-9;

for (const [name, make] of meters) {
  for (const { says, capacity, deeds, tokens = [], ready = [] } of table) {
    test(`a ${name} ${says}`, () => {
      const meter = meterAfter(make, capacity, deeds);
      for (const [at, expected] of tokens) assert.ok(near(meter.tokens(at), expected), `${meter.tokens(at)} at ${at}`);
      for (const [weight, ahead, at] of ready) assert.equal(meter.readyAt(weight, ahead), at);
    });
  }

  test(`a ${name} tells what it was drained of, which is never a debt`, () => {
    assert.equal(meterAfter(make, 3, [['take', 1, 0]]).drain(5, 0), 2.5);
    assert.equal(meterAfter(make, 3, [['take', 5, 0]]).drain(0, 0), 0);
    assert.equal(meterAfter(make, 0, []).drain(0, 0), 0);
  });

  test(`a ${name} lets nobody wait who may go now`, () => {
    const meter = meterAfter(make, 3, [['take', 1, 50]]);
    for (const weight of [0.1, 1, 2]) assert.ok(meter.readyAt(weight) <= 50);
    assert.ok(meter.readyAt(2.5) > 50);
  });

  test(`a ${name} lets go whom a list of all that went would let go`, (t) => {
    // The bound itself, as a rule: whoever would break it for some stretch of time, back to any who went, may not go.
    const arrival = fc.record({ afterMs: fc.integer({ min: 0, max: 40 }), weight: fc.integer({ min: 1, max: 5 }) });
    fc.assert(
      fc.property(fc.array(arrival, { maxLength: 60 }), (arrivals) => {
        const burst = 5;
        const meter = new make(10, burst, 0);
        const gone: { at: number; weight: number }[] = [];
        let now = 0;
        for (const { afterMs, weight } of arrivals) {
          now += afterMs;
          let sum = weight;
          let allowed = sum <= burst;
          for (const one of gone.toReversed()) {
            sum += one.weight;
            allowed &&= sum <= burst + (now - one.at) / 10 + 1e-9;
          }
          assert.equal(meter.readyAt(weight) <= now + 1e-9, allowed, `weight ${weight} at ${now}`);
          if (!allowed) continue;
          meter.take(weight, now);
          gone.push({ at: now, weight });
        }
      }),
      runs(t),
    );
  });
}

test('both ways of counting agree on everything', (t) => {
  const deed = fc.record({
    what: fc.constantFrom('go', 'go', 'go', 'give back', 'drain', 'change', 'backwards'),
    ms: fc.integer({ min: 0, max: 60 }),
    amount: fc.integer({ min: 1, max: 6 }),
  });
  fc.assert(
    fc.property(fc.constantFrom(0, 1, 4), fc.array(deed, { maxLength: 80 }), (capacity, deeds) => {
      const bucket = new TokenBucket(8, capacity, 0);
      const gcra = new Gcra(8, capacity, 0);
      let now = 0;
      for (const { what, ms, amount } of deeds) {
        now += ms;
        const both = (act: (meter: RateMeter) => unknown): void => assert.deepEqual(act(bucket), act(gcra));
        if (what === 'go') {
          const ready = [bucket, gcra].map((meter) => meter.readyAt(amount, 2) <= now);
          assert.equal(ready[0], ready[1]);
          if (bucket.readyAt(amount) <= now) both((meter) => meter.take(amount, now));
        } else if (what === 'give back') both((meter) => meter.giveBack(amount, now));
        else if (what === 'drain') both((meter) => meter.drain(now, ms));
        else if (what === 'change' && capacity > 0) both((meter) => meter.change(2 ** amount, amount, now));
        // Powers of two, so that neither rounds.
        both((meter) => meter.tokens(now));
        both((meter) => Math.max(now, meter.readyAt(amount, 1)));
      }
    }),
    runs(t),
  );
});
