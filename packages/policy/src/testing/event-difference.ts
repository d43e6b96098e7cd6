import type { EventBase } from '../contract/events.ts';
import { fits } from './event-pattern.ts';
import { showFields } from './show.ts';

const mostLines = 60;

/** A pattern in a line. */
export function showPattern(pattern: unknown): string {
  if (typeof pattern !== 'object' || pattern === null) return String(pattern);
  const type = String(Reflect.get(pattern, 'type'));
  const names = namesOf(pattern);
  return names.length === 0 ? type : `${type} ${showFields(pattern, names)}`;
}

/** An event in a line, with those fields that some pattern of its type speaks of. */
export function showEvent(event: EventBase, patterns: readonly unknown[] = []): string {
  const names = patterns
    .filter((pattern) => typeof pattern === 'object' && pattern !== null && Reflect.get(pattern, 'type') === event.type)
    .flatMap((pattern) => namesOf(pattern as object))
    .filter((name, i, all) => name !== 'at' && all.indexOf(name) === i);
  return `${event.type}${names.length === 0 ? '' : ` ${showFields(event, names)}`} at ${event.at} ms`;
}

/**
 * What happened beside what was expected, a line each: `-` for what was expected and did not come, `+` for what came and
 * was not expected. What fits is lined up as well as it can be, so that one event too many is one line.
 */
export function difference(patterns: readonly unknown[], events: readonly EventBase[]): string {
  const common = longestCommon(patterns, events);
  const lines: string[] = [];
  let p = 0;
  let e = 0;
  while (p < patterns.length || e < events.length) {
    const event = events[e];
    if (p < patterns.length && event !== undefined && fits(patterns[p], event)) {
      lines.push(`  ${showEvent(event, patterns)}`);
      p++;
      e++;
    } else if (p < patterns.length && common(p + 1, e) >= common(p, e + 1))
      lines.push(`- ${showPattern(patterns[p++])}`);
    else if (event !== undefined) {
      lines.push(`+ ${showEvent(event, patterns)}`);
      e++;
    } else lines.push(`- ${showPattern(patterns[p++])}`); // Never so far: with no event left, the second case has taken it.
  }
  return lines.length <= mostLines
    ? lines.join('\n')
    : [...lines.slice(0, mostLines), `  ... and ${lines.length - mostLines} lines more`].join('\n');
}

function namesOf(pattern: object): string[] {
  return Object.keys(pattern).filter((name) => name !== 'type');
}

/** For each place in both lists, how many can be lined up from there on. */
function longestCommon(
  patterns: readonly unknown[],
  events: readonly EventBase[],
): (pattern: number, event: number) => number {
  const width = events.length + 1;
  const lengths = new Uint32Array((patterns.length + 1) * width);
  // What lies outside counts as nothing; the compiler cannot know that nobody looks there.
  const at = (p: number, e: number): number => (e > events.length ? 0 : (lengths[p * width + e] ?? 0));
  for (let p = patterns.length - 1; p >= 0; p--) {
    for (let e = events.length - 1; e >= 0; e--) {
      const both = fits(patterns[p], events[e] as EventBase) ? at(p + 1, e + 1) + 1 : 0;
      lengths[p * width + e] = Math.max(both, at(p + 1, e), at(p, e + 1));
    }
  }
  return at;
}
