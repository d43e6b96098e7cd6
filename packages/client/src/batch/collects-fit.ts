import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { OperationDefinition, ValueOf } from '../contract/operation.ts';
import type { PathNames, PathValue } from '../contract/path-template.ts';
import type { BatchDefinition } from './batch.ts';

/** What an operation is told to go into; `never` where it is told nothing. */
type Into<D> =
  D extends OperationDefinition<string, infer O> ? (O extends { collect: { into: infer B } } ? B : never) : never;

/** Of an operation with one parameter in its path, what that is once it has been checked. */
type KeyIn<D> =
  D extends OperationDefinition<infer P, infer O>
    ? O extends { params: infer S extends StandardSchemaV1 }
      ? StandardSchemaV1.InferOutput<S>[PathNames<P> & keyof StandardSchemaV1.InferOutput<S>]
      : PathValue
    : never;

/** What an operation cannot be, so that the compiler shows why. */
type Wrong<Why extends string> = { readonly options: { readonly collect: { readonly into: Why } } };

type Fits<D, Ops> = [Into<D>] extends [never]
  ? unknown
  : Into<D> extends keyof Ops
    ? FitsInto<D, Ops[Into<D>]>
    : // A name that is known at run time alone is checked there.
      string extends Into<D>
      ? unknown
      : Wrong<'is no operation of this client'>;

type FitsInto<D, B> =
  B extends BatchDefinition<infer Key, infer Value>
    ? [KeyIn<D> & Key] extends [never]
      ? Wrong<'the keys of this batch are of another type'>
      : [Value] extends [ValueOf<D>]
        ? unknown
        : Wrong<'the values of this batch are of another type'>
    : Wrong<'is no batch'>;

/** Each operation that is collected goes into a batch of the same client, which has its keys and gives its values. */
export type CollectsFit<Ops> = { readonly [N in keyof Ops]: Fits<Ops[N], Ops> };
