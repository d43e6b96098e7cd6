/** The two readings of time a service needs; the manual clock of the tests has the same shape. */
export interface ServiceClock {
  /** Monotonic milliseconds, for measuring how long something took. */
  now(): number;
  /** Milliseconds since the epoch, for tokens, rows and headers. */
  wallNow(): number;
}

export const systemClock: ServiceClock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
};
