import type { EventBase, EventSink, PolicyEvent } from '../contract/events.ts';

/** A sink that remembers, for tests: give it to a runtime as `events`. */
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

  /** The events of one type. */
  of<T extends E['type']>(type: T): Extract<E, { type: T }>[] {
    return this.events.filter((event): event is Extract<E, { type: T }> => event.type === type);
  }

  clear(): void {
    this.events.length = 0;
  }
}
