import { ConfigError, type EventBus, type Runtime } from '@switchgear/policy';
import { askInChunks, type BatchParts } from '../batch/ask-in-chunks.ts';
import { type BatchDefinition, isBatch } from '../batch/batch.ts';
import { Collector } from '../batch/collector.ts';
import type { InFlight } from '../call/in-flight.ts';
import type { OperationParts } from '../call/operation-parts.ts';
import type { ClientSettings } from '../client-options.ts';
import { type CollectOptions, readCollectOptions } from '../contract/collect-options.ts';
import type { OperationDefinition, OperationOptions } from '../contract/operation.ts';
import type { ClientEvent } from '../events.ts';

/** What a collector has from its client. */
export interface CollectorTools {
  /** What the operation of a batch is made of. */
  readonly partsOf: (name: string, definition: BatchDefinition) => OperationParts;
  readonly inFlight: InFlight;
  readonly events: EventBus<ClientEvent>;
  readonly runtime: Runtime;
}

/**
 * What makes batches of single look-ups, for the operations that ask for it.
 * @throws ConfigError if there is no such batch, or the options contradict it or the operation's deadline.
 */
export function openCollectors(settings: ClientSettings, tools: CollectorTools): ReadonlyMap<string, Collector> {
  const collectors = new Map<string, Collector>();
  for (const [name, definition] of Object.entries(settings.operations)) {
    if (definition.options.collect === undefined) continue;
    collectors.set(name, openCollector(name, definition.options, definition.options.collect, settings, tools));
  }
  return collectors;
}

function openCollector(
  name: string,
  options: OperationOptions,
  given: CollectOptions,
  settings: ClientSettings,
  { partsOf, inFlight, events, runtime: { clock } }: CollectorTools,
): Collector {
  const at = `createServiceClient.operations.${name}.collect`;
  const { into, waitMs, maxKeys } = readCollectOptions(at, given);
  const definition = batchOf(settings, `${at}.into`, into);
  const { batch } = definition;
  if (maxKeys !== undefined && maxKeys > batch.maxKeys) {
    throw new ConfigError(`${at}.maxKeys`, `at most that of ${into}, which is ${batch.maxKeys}`, maxKeys);
  }
  const deadlineMs = options.deadlineMs ?? settings.deadlineMs;
  if (waitMs >= deadlineMs) {
    throw new ConfigError(`${at}.waitMs`, `less than the deadline, which is ${deadlineMs}`, waitMs);
  }
  const { target } = settings;
  // When it is first needed: the parts of a batch have collectors among them.
  let parts: BatchParts | undefined;
  return new Collector({
    rules: batch,
    waitMs,
    maxKeys: maxKeys ?? batch.maxKeys,
    clock,
    async ask({ keys, calls, longest: { call, record, settings: said }, earliest, signal }) {
      parts ??= { ...partsOf(into, definition), definition };
      const asking = {
        asked: calls,
        settings: { principal: said.principal, headers: said.headers, signal },
        deadline: call.deadline,
        toldDeadline: earliest,
        requestId: record.requestId,
        trace: () => record.trace.beneath(),
      };
      const of = parts;
      return inFlight.during(() => askInChunks(of, keys, asking));
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
