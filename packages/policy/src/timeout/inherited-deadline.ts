import { AsyncLocalStorage } from 'node:async_hooks';
import { type Call, inheritDeadlines } from '../contract/call.ts';
import { ConfigError } from '../contract/errors.ts';
import { type Clock, type Runtime, systemRuntime } from '../contract/runtime.ts';

/** What runs here must be over by then, on that clock. */
interface Surrounding {
  readonly clock: Clock;
  readonly deadline: number;
  readonly outer: Surrounding | undefined;
  /** The call that is worked for, where it is one. */
  readonly call: Call | undefined;
}

/*
 * One for the process, as the async context itself is, and made when someone first enters a deadline: until then, no
 * call looks anything up. It holds no state of its own; what it finds belongs to whoever is running.
 */
let surroundings: AsyncLocalStorage<Surrounding | undefined> | undefined;

/**
 * Runs something that must be over by a deadline, such as the handling of a request. Every call that begins inside, at
 * once or later, keeps that deadline without being handed it. A deadline inside another one can only be nearer.
 *
 * It ends nothing itself: the calls inside do, by the policies they go through. These must be of the same runtime, whose
 * clock the deadline is read on.
 *
 * @param deadline Milliseconds from now, 0 or more and Infinity for none, or `{ at }`, absolute in monotonic milliseconds
 * of the runtime's clock.
 * @returns What `run` returns.
 * @throws ConfigError with the path `withDeadline.deadline`.
 */
export function withDeadline<T>(
  deadline: number | { readonly at: number },
  run: () => T,
  runtime: Runtime = systemRuntime,
): T {
  const { clock } = runtime;
  const at = absolute(deadline, clock);
  surroundings ??= beginInheriting();
  const outer = surroundings.getStore();
  return surroundings.run({ clock, deadline: Math.min(at, nearestOn(clock, outer)), outer, call: outer?.call }, run);
}

/**
 * Runs the work of a call: `currentCall()` finds the call in there, however deep, and every call that begins inside keeps
 * its deadline.
 */
export function withCall<T>(call: Call, run: () => T, { clock }: Runtime): T {
  surroundings ??= beginInheriting();
  const outer = surroundings.getStore();
  return surroundings.run({ clock, deadline: Math.min(call.deadline, nearestOn(clock, outer)), outer, call }, run);
}

/** The call that is worked for here: set by `resilient`, `undefined` where no work of that kind surrounds this. */
export function currentCall(): Call | undefined {
  return surroundings?.getStore()?.call;
}

/** When what is running here must be over, in monotonic milliseconds of the runtime's clock; Infinity when never. */
export function currentDeadline(runtime: Runtime = systemRuntime): number {
  return surroundings === undefined ? Number.POSITIVE_INFINITY : nearestOn(runtime.clock, surroundings.getStore());
}

function beginInheriting(): AsyncLocalStorage<Surrounding | undefined> {
  const storage = new AsyncLocalStorage<Surrounding | undefined>();
  // A call that begins knows no clock, and keeps the innermost deadline.
  inheritDeadlines(
    () => storage.getStore()?.deadline ?? Number.POSITIVE_INFINITY,
    (run) => storage.run(undefined, run),
  );
  return storage;
}

/** The innermost of one clock is the nearest. That of another clock, a test's for instance, says nothing about it. */
function nearestOn(clock: Clock, innermost: Surrounding | undefined): number {
  for (let at = innermost; at !== undefined; at = at.outer) if (at.clock === clock) return at.deadline;
  return Number.POSITIVE_INFINITY;
}

function absolute(deadline: number | { readonly at: number }, clock: Clock): number {
  if (typeof deadline === 'number' && deadline >= 0) return clock.now() + deadline;
  if (
    typeof deadline === 'object' &&
    deadline !== null &&
    typeof deadline.at === 'number' &&
    !Number.isNaN(deadline.at)
  ) {
    return deadline.at;
  }
  throw new ConfigError('withDeadline.deadline', 'milliseconds of 0 or more, or { at } on the clock', deadline);
}
