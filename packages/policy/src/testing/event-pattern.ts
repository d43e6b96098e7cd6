import type { EventBase, PolicyEvent } from '../contract/events.ts';
import { isPlain } from './show.ts';

type Anything = object | string | number | bigint | boolean | symbol | null | undefined;

/** What a field must be: a value, of an object those fields that are named; or a function that says whether it will do. */
export type FieldPattern<V> = unknown extends V
  ? Anything | ((value: unknown) => boolean)
  : (V extends object ? { readonly [K in keyof V]?: FieldPattern<V[K]> } : V) | ((value: V) => boolean);

/** The fields of an event that matter to a test. Those that are not named may be anything. */
export type EventFields<E extends EventBase> = {
  readonly [K in Exclude<keyof E, 'type'>]?: FieldPattern<E[K]>;
};

/** An event that is expected: its type alone, or with the fields that matter. */
export type EventPattern<E extends EventBase = PolicyEvent> = E extends EventBase
  ? E['type'] | ({ readonly type: E['type'] } & EventFields<E>)
  : never;

/** What a type begins with: `breaker` of `breaker.opened`. */
export type EventTopic<Type extends string> = Type extends `${infer Topic}.${string}` ? Topic | Type : Type;

/** Whether an event is the expected one. */
export function fits(pattern: unknown, event: EventBase): boolean {
  return typeof pattern === 'string' ? event.type === pattern : agrees(pattern, event);
}

/** Whether a value is what a pattern says of it, as deep as the pattern goes. */
export function agrees(pattern: unknown, value: unknown): boolean {
  if (Object.is(pattern, value)) return true;
  if (typeof pattern === 'function') return pattern(value) === true;
  if (typeof pattern !== 'object' || pattern === null || typeof value !== 'object' || value === null) return false;
  if (Array.isArray(pattern)) {
    // A list is compared as a whole: one that is longer is another list.
    return Array.isArray(value) && pattern.length === value.length && pattern.every((it, i) => agrees(it, value[i]));
  }
  if (!isPlain(pattern)) return false;
  return Object.entries(pattern).every(([name, field]) => agrees(field, Reflect.get(value, name)));
}
