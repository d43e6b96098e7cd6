/** What the share of calls to shed is reckoned from. */
export interface ShedSettings {
  readonly failureRatio: number;
  readonly minimumCalls: number;
  readonly maxRejectRatio: number;
}

/**
 * The share of calls to shed: `max(0, (requests - K × accepts) / (requests + 1))`, where `K = 1 / (1 - failureRatio)`,
 * and never more than `maxRejectRatio`.
 *
 * `requests` are calls that were sent. The book counts those shed here as well; then, where a share `f` of what is sent
 * fails whatever the load, the only steady state with `K (1 - f) < 1` is to shed everything: shed calls are requests that
 * were not accepted, so that shedding is a reason to shed more. A service that answers 4 calls in 10 would be left with
 * none. Counting what was sent, the answer is `p = 1 - K (1 - f)`: it does not depend on itself, is as smooth as `f`, and
 * is 0 as soon as the failures have left the window.
 *
 * Source: *Site Reliability Engineering*, 2016, "Handling Overload"; not counting shed calls, and the
 * cap, are failsafe-go's.
 */
export function shedRatio(requests: number, accepts: number, settings: ShedSettings): number {
  if (requests < settings.minimumCalls) return 0;
  const bearable = accepts / (1 - settings.failureRatio);
  return Math.min(settings.maxRejectRatio, Math.max(0, requests - bearable) / (requests + 1));
}
