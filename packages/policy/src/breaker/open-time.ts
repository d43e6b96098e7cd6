import { hush } from '../contract/hush.ts';
import { type BreakerSettings, breakerDefaults, type Opening } from './options.ts';

/**
 * How long the circuit stays open, in milliseconds: by the growing time below, or by the user's own function within the
 * same cap. Such a function breaks nothing: where it throws or answers with anything but a time above 0, the growing
 * time holds as if it were not there.
 */
export function chosenOpenMs(settings: BreakerSettings, opening: Opening, random: () => number): number {
  const { openMs, maxOpenMs } = settings;
  if (typeof openMs === 'number') return openTimeMs(opening.openings, openMs, maxOpenMs, random());
  try {
    const chosenMs: unknown = openMs(opening);
    if (Number.isFinite(chosenMs) && (chosenMs as number) > 0) return Math.min(chosenMs as number, maxOpenMs);
    hush(chosenMs);
  } catch {
    // Its error has nowhere to go: the call that set this off is not about it.
  }
  return openTimeMs(opening.openings, Math.min(breakerDefaults.openMs, maxOpenMs), maxOpenMs, random());
}

/** What a result may ask for, in milliseconds; `undefined` where it makes no sense. */
export function askedOpenMs(openForMs: unknown, maxOpenForMs: number): number | undefined {
  if (!Number.isFinite(openForMs) || (openForMs as number) <= 0) return undefined;
  return Math.min(openForMs as number, maxOpenForMs);
}

/**
 * How long the circuit stays open, in milliseconds, for the n-th opening in a row (1 for the first). The nominal time
 * doubles up to the cap; the real one lies between half of it and all of it. The chance is taken inside the cap, so that
 * breakers which have all reached it still do not come back at the same moment.
 * Source: "equal jitter", M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015.
 * @param chance In [0, 1).
 */
export function openTimeMs(opening: number, openMs: number, maxOpenMs: number, chance: number): number {
  const nominalMs = Math.min(maxOpenMs, openMs * 2 ** (opening - 1));
  return nominalMs / 2 + (chance * nominalMs) / 2;
}
