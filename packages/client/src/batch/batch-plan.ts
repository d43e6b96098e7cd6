import type { ErrorFacts } from '@switchgear/policy';
import { InvalidRequestError } from '../errors.ts';
import type { KeyRules } from './asked-keys.ts';
import type { MatchRules } from './match-answer.ts';

type OfKeys<T> = ((keys: readonly never[]) => T) | undefined;

/** What a batch does with its keys and answers, as it was checked when it was made. */
export interface BatchPlan extends KeyRules, MatchRules {
  readonly body?: OfKeys<unknown>;
  readonly query?: OfKeys<Readonly<Record<string, unknown>>>;
  readonly params?: OfKeys<Readonly<Record<string, unknown>>>;
  readonly headers?: OfKeys<Readonly<Record<string, string>>>;
  readonly maxKeys: number;
  readonly concurrency: number;
}

/** What one request of a batch is called with. */
export interface ChunkInput {
  readonly input: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/** @throws InvalidRequestError if the contract's own code fails on the keys. */
export function inputOf(plan: BatchPlan, keys: readonly unknown[], facts: ErrorFacts): ChunkInput {
  // Each gets a list of its own: what one of them does to it is nothing to the others.
  const given = (): never[] => [...keys] as never[];
  try {
    return {
      input: {
        ...plan.params?.(given()),
        ...(plan.query === undefined ? {} : { query: plan.query(given()) }),
        ...(plan.body === undefined ? {} : { body: plan.body(given()) }),
      },
      headers: plan.headers?.(given()),
    };
  } catch (cause) {
    throw new InvalidRequestError(['keys: the code of the contract failed on them'], { ...facts, cause });
  }
}
