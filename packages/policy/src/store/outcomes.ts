import type { OutcomeCounts, OutcomeReport } from '../contract/state-store.ts';
import { TimeWindow } from '../stats/time-window.ts';
import { Ops } from './ops.ts';
import { Shelf } from './shelf.ts';

/** What a fleet has seen lately, by key and window. */
export class Outcomes {
  readonly #windows: Shelf<TimeWindow>;
  readonly #reported: Ops<OutcomeCounts>;

  constructor(maxKeys: number) {
    this.#windows = new Shelf(maxKeys);
    this.#reported = new Ops(maxKeys);
  }

  get size(): number {
    return this.#windows.size;
  }

  report(key: string, report: OutcomeReport, now: number): OutcomeCounts {
    const { op, windowMs, calls, failures, slow, slowFailures } = report;
    const name = `${windowMs} ${key}`;
    const known = this.#reported.find(name, op, now);
    if (known !== undefined) return known;
    const window = this.#windows.find(name, now);
    if (calls + failures + slow + slowFailures === 0) {
      window?.expire(now);
      return sumsOf(window);
    }
    const added = window ?? new TimeWindow(windowMs, now, { countsSlow: true });
    added.take(report, now);
    this.#windows.put(name, added, now + windowMs, now);
    return this.#reported.put(name, op, sumsOf(added), now);
  }

  clear(): void {
    this.#windows.clear();
    this.#reported.clear();
  }
}

function sumsOf(window: TimeWindow | undefined): OutcomeCounts {
  if (window === undefined) return { calls: 0, failures: 0, slow: 0, slowFailures: 0 };
  const { calls, failures, slow, slowFailures } = window;
  return { calls, failures, slow, slowFailures };
}
