import type { EventBase, EventSink, PolicyEvent } from '../contract/events.ts';
import { difference, showEvent, showPattern } from './event-difference.ts';
import { agrees, type EventFields, type EventPattern, type EventTopic, fits } from './event-pattern.ts';
import { ExpectationError } from './expectation-error.ts';

/**
 * A sink that remembers, for tests: give it to a runtime as `events`. It answers what happened, and its expectations
 * throw an `ExpectationError` that shows the difference.
 */
export class EventLog<E extends EventBase = PolicyEvent> implements EventSink<E> {
  readonly events: E[] = [];

  wants(): boolean {
    return true;
  }

  publish(event: E): void {
    this.events.push(event);
  }

  /** The types in order, which is what most tests want to see. */
  get types(): E['type'][] {
    return this.events.map((event) => event.type);
  }

  /** The events of one type, or those of them whose named fields are as given. */
  of<T extends E['type']>(type: T, fields: EventFields<Extract<E, { type: T }>> = {}): Extract<E, { type: T }>[] {
    return this.events.filter(
      (event): event is Extract<E, { type: T }> => event.type === type && agrees(fields, event),
    );
  }

  /** How many of one type there are, or of those whose named fields are as given. */
  count<T extends E['type']>(type: T, fields: EventFields<Extract<E, { type: T }>> = {}): number {
    return this.of(type, fields).length;
  }

  /** What has been published so far about some topics, such as `breaker`, or of some types: a log of its own. */
  about(...topics: EventTopic<E['type']>[]): EventLog<E> {
    return this.#where((event) => isAbout(event.type, topics));
  }

  /** What has been published so far about everything else: a log of its own. */
  without(...topics: EventTopic<E['type']>[]): EventLog<E> {
    return this.#where((event) => !isAbout(event.type, topics));
  }

  /**
   * Exactly these events, in this order, and no others. `log.about('breaker').expect([...])` says so of the transitions
   * of a breaker alone.
   * @throws ExpectationError with both lists, lined up.
   */
  expect(patterns: readonly EventPattern<E>[]): void {
    const { events } = this;
    if (patterns.length === events.length && patterns.every((pattern, i) => fits(pattern, events[i] as E))) return;
    throw unlike('the events are not those expected', patterns, events, this.expect);
  }

  /**
   * These events, in this order, whatever happened between them.
   * @throws ExpectationError with both lists, lined up.
   */
  expectAmong(patterns: readonly EventPattern<E>[]): void {
    let found = 0;
    for (const event of this.events) if (found < patterns.length && fits(patterns[found], event)) found++;
    if (found === patterns.length) return;
    const missing = showPattern(patterns[found]);
    throw unlike(`no ${missing} after the ${found} found in order`, patterns, this.events, this.expectAmong);
  }

  /**
   * The one event of a type, or the one whose named fields are as given.
   * @throws ExpectationError if there is none, or more than one.
   */
  only<T extends E['type']>(type: T, fields: EventFields<Extract<E, { type: T }>> = {}): Extract<E, { type: T }> {
    const pattern = { type, ...fields };
    const [first, ...more] = this.of(type, fields);
    if (first !== undefined && more.length === 0) return first;
    const title = `expected one ${showPattern(pattern)}, got ${first === undefined ? 'none' : more.length + 1}`;
    const near = first === undefined ? this.of(type) : [first, ...more];
    throw unlike(title, [pattern], near.length === 0 ? this.events : near, this.only);
  }

  /**
   * No event of a type, or none whose named fields are as given; without arguments, no event at all.
   * @throws ExpectationError that shows them.
   */
  none<T extends E['type']>(type?: T, fields: EventFields<Extract<E, { type: T }>> = {}): void {
    const found: readonly E[] = type === undefined ? this.events : this.of(type, fields);
    if (found.length === 0) return;
    const pattern = type === undefined ? 'event' : { type, ...fields };
    const lines = shown(found, [pattern]);
    throw new ExpectationError(`expected no ${showPattern(pattern)}, got\n${lines}`, lines, '', this.none);
  }

  clear(): void {
    this.events.length = 0;
  }

  #where(wanted: (event: E) => boolean): EventLog<E> {
    const part = new EventLog<E>();
    for (const event of this.events) if (wanted(event)) part.events.push(event);
    return part;
  }
}

function unlike(
  title: string,
  patterns: readonly unknown[],
  events: readonly EventBase[],
  above: (...args: never[]) => unknown,
): ExpectationError {
  // Empty only for nothing expected and nothing seen, which no caller takes for unlike: it is for those to come.
  const lines = difference(patterns, events);
  const message = `${title} (- expected, + happened)\n${lines === '' ? '  nothing happened' : lines}`;
  return new ExpectationError(message, shown(events, patterns), patterns.map(showPattern).join('\n'), above);
}

function shown(events: readonly EventBase[], patterns: readonly unknown[]): string {
  return events.map((event) => showEvent(event, patterns)).join('\n');
}

function isAbout(type: string, topics: readonly string[]): boolean {
  return topics.some((topic) => type === topic || type.startsWith(`${topic}.`));
}
