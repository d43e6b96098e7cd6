import { ConfigError, hedge, type Policy, type RetryBudget, type Runtime } from '@switchgear/policy';
import type { ClientSettings } from '../client-options.ts';
import { type HedgeSettings, mayHedge } from '../contract/hedging.ts';
import type { OperationDefinition } from '../contract/operation.ts';

/** What a hedge can be told that a client answers for itself. */
const ours = ['budget', 'classify', 'action', 'dispose'] as const;

/**
 * The hedge of an operation, if it has one: a policy of its own, since what is slow for one operation is quick for
 * another. Copies are paid from the budget that the retries have, and the breaker below hears each of them.
 * @throws ConfigError
 */
export function openHedge(
  name: string,
  definition: OperationDefinition,
  settings: ClientSettings,
  budget: RetryBudget,
  runtime: Runtime,
): Policy | undefined {
  const { options } = definition;
  const asked = hedgeOptionsOf(definition, settings);
  if (asked === undefined) return undefined;
  const wrong = (option: string, expected: string, got: unknown): never => {
    const at = options.hedge === undefined ? '' : `.operations.${name}`;
    throw new ConfigError(`createServiceClient${at}.hedge.${option}`, expected, got);
  };
  for (const option of ours) if (Object.hasOwn(asked, option)) wrong(option, 'nothing: the client sees to it', 'this');
  const attemptTimeoutMs = options.attemptTimeoutMs ?? settings.attemptTimeoutMs;
  const { delayMs } = asked;
  if (typeof delayMs === 'number' && delayMs >= attemptTimeoutMs) {
    const expected = `less than the attempt timeout, ${attemptTimeoutMs}: by then the slow attempt has been given up`;
    wrong('delayMs', expected, delayMs);
  }
  return hedge({ ...asked, budget }, runtime);
}

/** How attempts of an operation are hedged, or `undefined` if they are not. */
export function hedgeOptionsOf(
  { method, options }: OperationDefinition,
  settings: ClientSettings,
): HedgeSettings | undefined {
  return (options.hedge ?? (mayHedge(method, options) ? settings.hedge : undefined)) || undefined;
}
