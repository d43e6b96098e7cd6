import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { OperationDefinition } from './operation.ts';
import type { PathNames, PathValue } from './path-template.ts';

/** What can be written as one piece of text. */
export type Scalar = string | number | boolean | bigint;

/** A value in the query or a form. `undefined` leaves it out; an array repeats the name. */
export type QueryValue = Scalar | undefined | readonly Scalar[];

/** A form: flat values by name. */
export type FormFields = Readonly<Record<string, QueryValue>>;

/** A part of a multipart body that is more than a text. */
export interface Part {
  readonly content: string | Uint8Array | Blob;
  /** Makes it a file. @default none */
  readonly filename?: string | undefined;
  /** @default 'application/octet-stream' of a file, the blob's own if it has one, none of a text */
  readonly contentType?: string | undefined;
}

/** One value of a multipart body. A `File` brings its name along. */
export type PartValue = Scalar | Uint8Array | Blob | Part;

/** A multipart body: the parts by name, an array for several of one name. */
export type MultipartFields = FormData | Readonly<Record<string, PartValue | undefined | readonly PartValue[]>>;

/** Bytes as they come: a web or Node stream, a generator. It can be sent once, so nothing of it is ever sent again. */
export type ByteStream = AsyncIterable<Uint8Array>;

/** A stream, or a function that makes a new one each time: with that, a request can be sent again. */
export type StreamSource = ByteStream | (() => ByteStream | Promise<ByteStream>);

/** What a body is when no schema says more. */
interface PlainBodies {
  readonly json: unknown;
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly form: FormFields;
  readonly multipart: MultipartFields;
  readonly stream: StreamSource;
}

type Simplify<T> = { [K in keyof T]: T[K] } & {};

type ParamsOf<P extends string, O> = O extends { params: infer S extends StandardSchemaV1 }
  ? Readonly<StandardSchemaV1.InferInput<S>>
  : { readonly [K in PathNames<P>]: PathValue };

type QueryOf<O> = O extends { query: infer S extends StandardSchemaV1 }
  ? Record<never, never> extends StandardSchemaV1.InferInput<S>
    ? { readonly query?: StandardSchemaV1.InferInput<S> }
    : { readonly query: StandardSchemaV1.InferInput<S> }
  : { readonly query?: Readonly<Record<string, QueryValue>> };

type HeadersOf<O> = O extends { headers: infer S extends StandardSchemaV1 }
  ? Record<never, never> extends StandardSchemaV1.InferInput<S>
    ? { readonly headers?: StandardSchemaV1.InferInput<S> }
    : { readonly headers: StandardSchemaV1.InferInput<S> }
  : unknown;

type BodyOf<O> = O extends { body: infer S extends StandardSchemaV1 }
  ? { readonly body: StandardSchemaV1.InferInput<S> }
  : O extends { bodyAs: infer K extends keyof PlainBodies }
    ? { readonly body: PlainBodies[K] }
    : unknown;

/** What an operation takes: its path parameters by name, `query`, `headers` and `body`. */
export type InputOf<D> =
  D extends OperationDefinition<infer P, infer O>
    ? Simplify<ParamsOf<P, O> & QueryOf<O> & HeadersOf<O> & BodyOf<O>>
    : never;

/** A schema of path parameters must give a value that can be a segment for every one of them. */
export type ParamsFit<P extends string, O> = O extends { params: infer S extends StandardSchemaV1 }
  ? StandardSchemaV1.InferOutput<S> extends { readonly [K in PathNames<P>]: PathValue }
    ? unknown
    : { readonly params: 'must give every parameter of the path a text or a number' }
  : unknown;
