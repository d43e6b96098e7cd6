import type { ReadableStream } from 'node:stream/web';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { OperationDefinition } from './operation.ts';
import type { Degraded, Live, Stale } from './provenance.ts';
import type { Schema } from './schema.ts';

/** What each status of an operation answers with; `'none'` when there is nothing to read. */
export type Results = Readonly<Record<number, Schema | 'none'>>;

/**
 * An answer whose body is still on its way. It keeps its place in the bulkhead, its connection and its deadline until the
 * body has been read to its end, or was cancelled: by `body.cancel()`, by leaving a `for await` early, or by disposing of
 * the answer (`await using`). One that nobody reads ends at the deadline, or when the client is closed.
 */
export interface StreamedAnswer extends AsyncDisposable {
  readonly status: number;
  /** By lower-case name. A header that came more than once is a list. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The bytes, decoded, and no faster than they are read. It can be read once, with `for await` too. */
  readonly body: ReadableStream<Uint8Array>;
}

/** What an answer is when no schema says more. */
interface PlainAnswers {
  readonly json: unknown;
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly stream: StreamedAnswer;
}

type SchemaValue<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : undefined;

/** Tagged with its status, which tells the values apart. */
type ByStatus<R> = {
  [K in keyof R & number]: { readonly status: K; readonly value: SchemaValue<R[K]> };
}[keyof R & number];

/** The value of an operation, as its contract has it. */
export type ValueOf<D> =
  D extends OperationDefinition<string, infer O>
    ? O extends { results: infer R extends Results }
      ? ByStatus<R>
      : O extends { response: infer S extends Schema | 'none' }
        ? SchemaValue<S>
        : O extends { responseAs: infer K extends keyof PlainAnswers }
          ? PlainAnswers[K]
          : unknown
    : never;

/** What says that an answer may be past its time. */
type Outlives = {
  readonly cache:
    | { readonly staleIfErrorMs: number }
    | { readonly staleWhileRevalidateMs: number }
    | { readonly allowStale: true };
};

/** What calling an operation resolves to: with a fallback or old answers, something the caller has to look at first. */
export type ResultOf<D> =
  D extends OperationDefinition<string, infer O>
    ? O extends { fallback: (failure: never) => infer F }
      ? Live<ValueOf<D>> | (O extends Outlives ? Stale<ValueOf<D>> : never) | Degraded<F>
      : O extends Outlives
        ? Live<ValueOf<D>> | Stale<ValueOf<D>>
        : ValueOf<D>
    : never;
