/** What is known of a host's calls in an interval. */
export interface Tally {
  readonly calls: number;
  readonly failures: number;
}

/** When a success rate is out of line. */
export interface OutlierRules {
  /** Standard deviations below the mean. */
  readonly outlierFactor: number;
  /** How far below the mean it has to be as well. */
  readonly outlierMargin: number;
  /** Hosts that have enough calls, at least, or there is no line to be out of. */
  readonly minimumHosts: number;
  /** Calls of a host in the interval, at least. */
  readonly minimumCalls: number;
}

/** How many of so many hosts may be ejected: half of them, or the other half would have to carry too much. */
export function mostEjected(hosts: number): number {
  return Math.floor(hosts / 2);
}

/** How likely a run may be by chance alone and still count against a host. */
const byChance = 1e-4;

/**
 * How many failures in a row eject a host, at least `least`. The more the other hosts fail too, the longer the run has to
 * be: in a brown-out that spoils half of all answers, five in a row come along all the time, and to eject for them would
 * put the load of a sick service on half of its hosts. When the others fail always, no run says anything.
 */
export function runNeeded(least: number, othersFailureRatio: number): number {
  if (othersFailureRatio >= 1) return Number.POSITIVE_INFINITY;
  if (othersFailureRatio <= 0) return least;
  return Math.max(least, Math.ceil(Math.log(byChance) / Math.log(othersFailureRatio)));
}

/**
 * Which hosts succeed so much less than the others that it is them, worst first: those below the mean by `outlierFactor`
 * standard deviations. As in Envoy, but for the margin: where all hosts are nearly perfect, the deviation is next to
 * nothing, and a host would be ejected for three failures in a thousand.
 * Source: Envoy, "Outlier detection", success rate.
 */
export function outliers(tallies: readonly Tally[], rules: OutlierRules): number[] {
  const { outlierFactor, outlierMargin, minimumHosts, minimumCalls } = rules;
  if (outlierFactor === 0) return [];
  const rates: { readonly index: number; readonly rate: number }[] = [];
  tallies.forEach(({ calls, failures }, index) => {
    if (calls >= minimumCalls) rates.push({ index, rate: 1 - failures / calls });
  });
  if (rates.length < minimumHosts) return [];
  const mean = rates.reduce((sum, { rate }) => sum + rate, 0) / rates.length;
  const variance = rates.reduce((sum, { rate }) => sum + (rate - mean) ** 2, 0) / rates.length;
  const threshold = mean - Math.max(outlierFactor * Math.sqrt(variance), outlierMargin);
  return rates
    .filter(({ rate }) => rate < threshold)
    .sort((a, b) => a.rate - b.rate)
    .map(({ index }) => index);
}

/**
 * For how long, in milliseconds: longer with each time, up to a bound, and drawn from the upper half of that, so that
 * what was ejected by many clients at once does not come back to all of them at once.
 * @param times Ejections so far, this one included.
 */
export function ejectionMs(times: number, ejectMs: number, maxEjectMs: number, random: () => number): number {
  const boundMs = Math.min(maxEjectMs, ejectMs * times);
  const drawn = random();
  return boundMs / 2 + (drawn >= 0 && drawn <= 1 ? drawn : 1) * (boundMs / 2);
}
