import { type Clock, systemRuntime } from '@switchgear/policy';

/** The time of a service: monotonic, on the wall, and timers. One for all of it, so that a deadline means one moment. */
export type ServiceClock = Clock;

export const systemClock: ServiceClock = systemRuntime.clock;
