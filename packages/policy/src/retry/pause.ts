import type { CallContext } from '../contract/call.ts';
import type { Clock } from '../contract/runtime.ts';

/** Ends when the time is over or the call is cancelled. The timer stays ref'd, since a caller is waiting for it. */
export function pause(ms: number, call: CallContext, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const timer = clock.setTimer(ms, () => {
      leave();
      resolve();
    });
    const leave = call.onCancel(() => {
      timer.cancel();
      resolve();
    });
  });
}

/**
 * The same with a hook that runs meanwhile: ends when the time is over and the hook has settled, however it did, and
 * after `longestMs` although it has not.
 */
export function pauseFor(
  hook: Promise<unknown>,
  ms: number,
  longestMs: number,
  call: CallContext,
  clock: Clock,
): Promise<void> {
  return new Promise((resolve) => {
    let waited = false;
    let settled = false;
    const end = (): void => {
      timer.cancel();
      leave();
      resolve();
    };
    const hookSettled = (): void => {
      settled = true;
      if (waited) end();
    };
    let timer = clock.setTimer(ms, () => {
      waited = true;
      if (settled || longestMs <= ms) end();
      else timer = clock.setTimer(longestMs - ms, end);
    });
    const leave = call.onCancel(() => {
      timer.cancel();
      resolve();
    });
    hook.then(hookSettled, hookSettled);
  });
}

/**
 * How long a hook may hold the next attempt up, in milliseconds: as long as the longest wait, and at most half of what
 * is left, so that there is always time for the attempt it comes before.
 */
export function longestHookMs(waitMs: number, maxMs: number, leftMs: number): number {
  return Math.max(waitMs, Math.min(maxMs, leftMs / 2));
}
