import { ConfigError, type EventBus, type Runtime } from '@switchgear/policy';
import { askInChunks, type BatchParts } from '../batch/ask-in-chunks.ts';
import { type BatchDefinition, isBatch } from '../batch/batch.ts';
import { Collector } from '../batch/collector.ts';
import type { InFlight } from '../call/in-flight.ts';
import type { ClientSettings } from '../client-options.ts';
import { readCollectOptions } from '../contract/collect-options.ts';
import type { OperationDefinition } from '../contract/operation.ts';
import type { ClientEvent } from '../events.ts';

/**
 * What makes batches of single look-ups, for an operation that asks for it.
 * @param partsOf Finds the batch when it is first needed: it may stand further down in the contract.
 * @throws ConfigError if there is no such batch, or the options contradict it or the operation's deadline.
 */
export function openCollector(
  name: string,
  { options }: OperationDefinition,
  settings: ClientSettings,
  partsOf: (batch: string) => BatchParts,
  inFlight: InFlight,
  events: EventBus<ClientEvent>,
  { clock }: Runtime,
): Collector | undefined {
  if (options.collect === undefined) return undefined;
  const at = `createServiceClient.operations.${name}.collect`;
  const { into, waitMs, maxKeys } = readCollectOptions(at, options.collect);
  const { batch } = batchOf(settings, `${at}.into`, into);
  if (maxKeys !== undefined && maxKeys > batch.maxKeys) {
    throw new ConfigError(`${at}.maxKeys`, `at most that of ${into}, which is ${batch.maxKeys}`, maxKeys);
  }
  const deadlineMs = options.deadlineMs ?? settings.deadlineMs;
  if (waitMs >= deadlineMs) {
    throw new ConfigError(`${at}.waitMs`, `less than the deadline, which is ${deadlineMs}`, waitMs);
  }
  const { target } = settings;
  return new Collector({
    rules: batch,
    waitMs,
    maxKeys: maxKeys ?? batch.maxKeys,
    clock,
    async ask({ keys, calls, longest, earliest, signal }) {
      const { call, record, settings: said } = longest;
      const { principal, headers } = said;
      inFlight.begin();
      try {
        return await askInChunks(partsOf(into), keys, {
          asked: calls,
          settings: { principal, headers, signal },
          deadline: call.deadline,
          toldDeadline: earliest,
          requestId: record.requestId,
          trace: () => record.trace.beneath(),
        });
      } finally {
        inFlight.end();
      }
    },
    onFlush(calls, keys, waitedMs, reason) {
      if (!events.wants('batch.flushed')) return;
      const at = clock.now();
      events.publish({ type: 'batch.flushed', at, target, operation: name, into, calls, keys, waitedMs, reason });
    },
  });
}

function batchOf({ operations }: ClientSettings, at: string, name: string): BatchDefinition {
  const found = Object.hasOwn(operations, name) ? operations[name] : undefined;
  if (found !== undefined && isBatch(found)) return found;
  const batches = Object.keys(operations).filter((one) => isBatch(operations[one] as OperationDefinition));
  throw new ConfigError(at, `a batch of this client, of which there are: ${batches.join(', ') || 'none'}`, name);
}
