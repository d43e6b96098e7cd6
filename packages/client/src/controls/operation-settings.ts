import { hedgeOptionsOf } from '../assembly/hedging.ts';
import { isBatch } from '../batch/batch.ts';
import { isIdempotent } from '../call/idempotency.ts';
import type { ClientSettings, Operations } from '../client-options.ts';

/** An operation of a client as it is in effect, in values that survive JSON. */
export interface OperationSettings {
  readonly name: string;
  readonly method: string;
  /** The path, that of the base URL included, with its parameters as they stand in the contract. */
  readonly template: string;
  /** Of the whole call, in milliseconds, if its caller says nothing. */
  readonly deadlineMs: number;
  readonly attemptTimeoutMs: number;
  /** Whether it may be sent more than once. */
  readonly idempotent: boolean;
  readonly cached: boolean;
  readonly hedged: boolean;
  readonly batch: boolean;
}

/** The operations of a client, in the order of its contract. */
export function operationSettingsOf(settings: ClientSettings): readonly OperationSettings[] {
  return Object.entries(settings.operations as Operations).map(([name, definition]) => {
    const { method, options, path } = definition;
    return {
      name,
      method,
      template: settings.prefix + path.template,
      deadlineMs: options.deadlineMs ?? settings.deadlineMs,
      attemptTimeoutMs: options.attemptTimeoutMs ?? settings.attemptTimeoutMs,
      idempotent: options.idempotencyKey === true || isIdempotent(definition),
      cached: options.cache !== undefined,
      hedged: hedgeOptionsOf(definition, settings) !== undefined,
      batch: isBatch(definition),
    };
  });
}
