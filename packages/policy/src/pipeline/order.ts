import type { Policy } from '../contract/policy.ts';

/** A rule of order: `outer` belongs around `inner`, and why. */
interface OrderRule {
  readonly outer: string;
  readonly inner: string;
  readonly why: string;
}

/** What should stand around what. Each is a mistake that works in every test and hurts in an outage. */
const rules: readonly OrderRule[] = [
  { outer: 'deadline', inner: 'retry', why: 'a deadline inside is one for each attempt, and the whole call has none' },
  { outer: 'deadline', inner: 'bulkhead', why: 'a wait for a place would not count' },
  { outer: 'deadline', inner: 'rate-limiter', why: 'a wait for a turn would not count' },
  { outer: 'cache', inner: 'bulkhead', why: 'a hit would take a place' },
  { outer: 'cache', inner: 'rate-limiter', why: 'a hit would cost a turn' },
  { outer: 'cache', inner: 'breaker', why: 'what is known could not be served while the circuit is open' },
  { outer: 'coalesce', inner: 'retry', why: 'each caller would retry the one call by itself' },
  {
    outer: 'fallback',
    inner: 'retry',
    why: 'the fallback would answer the first failure, and nothing would be tried again',
  },
  { outer: 'fallback', inner: 'breaker', why: 'a refusal of the breaker would not be answered' },
  { outer: 'bulkhead', inner: 'retry', why: 'a retry would have to queue behind newcomers, who have waited less' },
  { outer: 'retry', inner: 'breaker', why: 'the breaker would hear one failure for many, and open late' },
  { outer: 'retry', inner: 'hedge', why: 'every copy would be retried by itself' },
  { outer: 'retry', inner: 'attempt-timeout', why: 'one timeout for all attempts leaves no time for the second' },
  { outer: 'hedge', inner: 'breaker', why: 'a hedge would go past an open circuit' },
  { outer: 'hedge', inner: 'attempt-timeout', why: 'one timeout for all copies ends them together' },
  { outer: 'breaker', inner: 'attempt-timeout', why: 'the breaker would not hear of attempts that hang' },
];

/** What nothing may stand inside of: it is there to fail in place of the real thing. */
const innermost = 'chaos';

/** The mistakes in an order of policies, outermost first, a sentence each; none when it is sound. */
export function orderMistakes(policies: readonly Policy<unknown>[]): readonly string[] {
  const names = policies.map((policy) => policy.name);
  const mistakes = rules.flatMap(({ outer, inner, why }) => {
    // The last of those that should be outside, against the first of those that should be inside.
    const misplaced = names.indexOf(inner) >= 0 && names.lastIndexOf(outer) > names.indexOf(inner);
    return misplaced ? [`${outer} stands inside ${inner}: ${why}`] : [];
  });
  const chaosAt = names.indexOf(innermost);
  if (chaosAt >= 0 && names.slice(chaosAt + 1).some((name) => name !== innermost)) {
    mistakes.push('chaos stands around other policies: what it breaks would not pass through them');
  }
  for (const once of ['retry', 'hedge', 'deadline']) {
    if (names.filter((name) => name === once).length > 1) {
      mistakes.push(`${once} stands twice: ${twice[once as keyof typeof twice]}`);
    }
  }
  return mistakes;
}

const twice = {
  retry: 'the attempts of both multiply',
  hedge: 'the copies of both multiply',
  deadline: 'only the nearer one counts',
} as const;
