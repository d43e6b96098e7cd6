import type { ErrorFacts } from '@switchgear/policy';
import type { OperationDefinition } from '../contract/operation.ts';
import { InvalidRequestError } from '../errors.ts';
import { newId } from '../request/ids.ts';
import type { CallSettings } from './call-settings.ts';

/** Whether an operation may be done twice without harm, by what it says or else by its method. */
export function isIdempotent({ method, options }: OperationDefinition): boolean {
  return options.idempotent ?? (method !== 'POST' && method !== 'PATCH');
}

/**
 * The idempotency key of a call: the caller's, a new one, or none where the operation sends none.
 * @throws InvalidRequestError if the caller's cannot be sent.
 */
export function keyOf(definition: OperationDefinition, settings: CallSettings, facts: ErrorFacts): string | undefined {
  const given = settings.idempotencyKey;
  if (definition.options.idempotencyKey !== true) {
    if (given === undefined) return undefined;
    throw new InvalidRequestError(['idempotencyKey: this operation sends none'], facts);
  }
  if (given !== undefined && !/^[\x21-\x7e]{1,255}$/.test(given)) {
    throw new InvalidRequestError(['idempotencyKey: expected 1 to 255 visible ASCII characters'], facts);
  }
  return given ?? newId();
}
