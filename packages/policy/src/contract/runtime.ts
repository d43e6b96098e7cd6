import type { EventSink } from './events.ts';

/** A timer that has been set. Both methods may be called at any time, any number of times. */
export interface Timer {
  /** Takes the timer back; its callback will not run. */
  cancel(): void;
  /** Lets the process exit although the timer is pending. */
  unref(): void;
}

/** Where time comes from. Everything that decides reads `now()`; `wallNow()` is for headers and logs alone. */
export interface Clock {
  /** Monotonic milliseconds since some fixed, unknown moment. Never steps back. */
  now(): number;
  /** Milliseconds since 1970-01-01 UTC. May jump either way. */
  wallNow(): number;
  /** Runs a callback once, `ms` milliseconds from now. The pending timer keeps the process alive unless unref'd. */
  setTimer(ms: number, run: () => void): Timer;
}

/** Time, chance and telemetry: all that a policy takes from the world around it. */
export interface Runtime {
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  /** Hears what happens. Left out, events go to `diagnostics_channel`, and cost nothing while nobody subscribes. */
  readonly events?: EventSink;
}

/** Node collapses a longer timer to one millisecond, which would turn a long wait into a tight loop. */
export const longestTimerMs: number = 2 ** 31 - 1;

const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  setTimer(ms, run) {
    const handle = setTimeout(run, Math.min(ms, longestTimerMs));
    return { cancel: () => clearTimeout(handle), unref: () => handle.unref() };
  },
};

/** The process's own monotonic clock and `Math.random`. The only place in the library that reads either. */
export const systemRuntime: Runtime = { clock: systemClock, random: Math.random };
