import type { ErrorFacts } from '@switchgear/policy';
import type { CallInput, OperationParts } from '../call/operation-parts.ts';
import type { InputOf } from '../contract/operation.ts';
import { InvalidRequestError } from '../errors.ts';
import { buildRequest } from '../request/build-request.ts';
import type { CallCache } from './call-cache.ts';

/** Whose answers are forgotten. */
interface Whose {
  /** @default everybody's */
  readonly principal?: string | undefined;
}

type Arguments<I> = Record<never, never> extends I ? [input?: I, whose?: Whose] : [input: I, whose?: Whose];

/** What an operation with a cache has beside its call. */
export interface KeptAnswers<D> {
  /**
   * Forgets what is kept for this input, whoever it was for, or for one principal alone. A call that is under way is
   * answered, and its answer is not given to anybody who asks later. Resolves once that is so: at once, unless a schema of
   * the operation takes its time.
   * @throws InvalidRequestError if the operation could not be called with this input.
   */
  invalidate(...args: Arguments<InputOf<D>>): Promise<void>;
  /** Forgets all that the operation keeps, in the same way. */
  clear(): void;
}

/** The input is checked as a call's is, so that it becomes the same request. */
export function keptAnswers(parts: OperationParts, cache: CallCache): KeptAnswers<never> {
  const { definition, name: operation, own, settings } = parts;
  const facts: ErrorFacts = { target: settings.target, operation };
  const invalidate = async (given: CallInput = {}, whose: Whose = {}): Promise<void> => {
    const { principal }: Whose = Object.assign(Object.create(null), whose);
    if (principal !== undefined && typeof principal !== 'string') {
      throw new InvalidRequestError(['principal: expected a text'], facts);
    }
    const input: CallInput = Object.assign(Object.create(null), given);
    const built = buildRequest(definition, settings.prefix, input, own, facts);
    // Not waited for where it is known, so that whoever does not wait either is not overtaken by their next call.
    cache.invalidate(built instanceof Promise ? await built : built, principal);
  };
  return { invalidate: invalidate as KeptAnswers<never>['invalidate'], clear: () => cache.clear() };
}
