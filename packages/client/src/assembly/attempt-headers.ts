import { hedgeDefaults, type RetryOptions, retryDefaults } from '@switchgear/policy';
import { AttemptHeaders } from '../attempt/attempt-headers.ts';
import type { ClientSettings } from '../client-options.ts';
import type { HedgeSettings } from '../contract/hedging.ts';
import type { OperationDefinition } from '../contract/operation.ts';
import { BaggageRecipients } from '../trace/baggage-recipients.ts';
import { DeadlineHeader } from '../trace/deadline-header.ts';
import { hedgeOptionsOf } from './hedging.ts';

/** What the attempts of an operation say of themselves. */
export function attemptHeadersFor(definition: OperationDefinition, settings: ClientSettings): AttemptHeaders {
  const { deadlineHeader, deadlineMarginMs, attemptHeader, xTraceHeaders, baggageTo } = settings;
  return new AttemptHeaders({
    deadline: deadlineHeader === false ? undefined : new DeadlineHeader(deadlineHeader, deadlineMarginMs),
    attempt: attemptHeader === false ? undefined : attemptHeader.toLowerCase(),
    maxAttempts: mostAttempts(definition, settings),
    xTraceHeaders,
    baggageTo: new BaggageRecipients('createServiceClient.baggageTo', baggageTo),
  });
}

/** Every send of a call may have copies, each of which is an attempt. */
function mostAttempts(definition: OperationDefinition, settings: ClientSettings): number {
  // Own properties alone, as where the policies read them.
  const { maxRetries = retryDefaults.maxRetries } = Object.assign(Object.create(null), settings.retry) as RetryOptions;
  const hedging = hedgeOptionsOf(definition, settings);
  if (hedging === undefined) return 1 + maxRetries;
  const { maxHedges = hedgeDefaults.maxHedges } = Object.assign(Object.create(null), hedging) as HedgeSettings;
  return (1 + maxRetries) * (1 + maxHedges);
}
