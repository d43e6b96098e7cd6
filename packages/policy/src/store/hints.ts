import type { Unsubscribe } from '../contract/call.ts';
import { hush } from '../contract/hush.ts';

/** Who wants to hear of which key. */
export class Hints {
  readonly #watchers = new Map<string, Set<() => unknown>>();

  watch(key: string, hint: () => unknown): Unsubscribe {
    // A function of its own, so that one that watches twice hears twice, and leaves once at a time.
    const watcher = (): unknown => hint();
    const watchers = this.#watchers.get(key) ?? new Set();
    this.#watchers.set(key, watchers.add(watcher));
    return () => {
      if (watchers.delete(watcher) && watchers.size === 0) this.#watchers.delete(key);
    };
  }

  give(key: string): void {
    const watchers = this.#watchers.get(key);
    if (watchers === undefined) return;
    // A copy: one that begins to watch while it is told is told the next time.
    for (const watcher of [...watchers]) {
      try {
        hush(watcher());
      } catch {
        // It is told as a favour; the decision has been made.
      }
    }
  }

  clear(): void {
    this.#watchers.clear();
  }
}
