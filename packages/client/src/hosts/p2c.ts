/** Someone who may be chosen. */
export interface Candidate {
  /** How busy and slow it is; less is better. */
  load(now: number): number;
  /** How often it should stand for election, beside the others. Above 0. */
  weight(now: number): number;
}

/**
 * Draws two and takes the one with the lower load. Almost as good as asking all, at the price of two, and callers that
 * know nothing of each other do not all run to the same one.
 * Source: Michael Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", 1996.
 * @param candidates At least one.
 */
export function chooseOfTwo<C extends Candidate>(candidates: readonly C[], now: number, random: () => number): C {
  const first = drawIndex(candidates.length, random);
  if (candidates.length === 1) return candidates[0] as C;
  let second = drawIndex(candidates.length - 1, random);
  if (second >= first) second++;
  return lighter(candidates[first] as C, candidates[second] as C, now);
}

/**
 * The same among candidates of different weights. Both draws are by weight and may fall on the same candidate; then it
 * has it. So with equal loads each is chosen in proportion to its weight, and one of little weight can be chosen by
 * itself no more often than that, however idle it is: two different draws of two would take the idle one every time.
 * @param candidates At least one.
 */
export function chooseByWeight<C extends Candidate>(candidates: readonly C[], now: number, random: () => number): C {
  let sum = 0;
  for (const each of candidates) sum += each.weight(now);
  return lighter(drawByWeight(candidates, sum, now, random), drawByWeight(candidates, sum, now, random), now);
}

function lighter<C extends Candidate>(first: C, second: C, now: number): C {
  return second.load(now) < first.load(now) ? second : first;
}

function drawByWeight<C extends Candidate>(
  candidates: readonly C[],
  sum: number,
  now: number,
  random: () => number,
): C {
  let left = random() * sum;
  for (const each of candidates) {
    left -= each.weight(now);
    if (left < 0) return each;
  }
  // Rounding, or a source of chance that answers nonsense.
  return candidates[candidates.length - 1] as C;
}

function drawIndex(count: number, random: () => number): number {
  const drawn = Math.floor(random() * count);
  return drawn >= 0 && drawn < count ? drawn : 0;
}
