import type { BatchDefinition } from '../batch/batch.ts';
import type { BatchCall } from '../batch/batch-call.ts';
import type { KeptAnswers } from '../cache/kept-answers.ts';
import type { OperationDefinition } from '../contract/operation.ts';
import type { OperationCall } from './operation-call.ts';

/** What becomes of an operation of a contract: a function, and what that has beside. */
export type CallOf<D> =
  D extends BatchDefinition<infer Key, infer Value>
    ? BatchCall<Key, Value>
    : D extends OperationDefinition<string, infer O>
      ? O extends { readonly cache: object }
        ? OperationCall<D> & KeptAnswers<D>
        : OperationCall<D>
      : never;
