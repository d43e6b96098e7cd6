import { DeadlineExceededError, type ErrorFacts, SwitchgearError } from '@switchgear/policy';
import type { CallSettings } from '../call/call-settings.ts';
import { execute } from '../call/operation-call.ts';
import type { OperationParts } from '../call/operation-parts.ts';
import type { CallTrace } from '../trace/call-trace.ts';
import type { BatchDefinition } from './batch.ts';
import { inputOf } from './batch-plan.ts';
import { type Chunk, chunksOf } from './chunks.ts';
import { failed, type Settled } from './key-outcome.ts';
import { type Matched, matchAnswer } from './match-answer.ts';
import { sideBySide } from './side-by-side.ts';

/** What the operation of a batch is made of. */
export interface BatchParts extends OperationParts {
  readonly definition: BatchDefinition;
}

/** What all requests of one batch have in common. */
export interface Asking {
  /** How many keys callers gave, each as often as it was given. */
  readonly asked: number;
  readonly settings: Pick<CallSettings, 'principal' | 'headers' | 'signal' | 'idempotencyKey'>;
  readonly deadline: number;
  readonly toldDeadline?: (() => number) | undefined;
  readonly requestId: string;
  readonly trace: () => CallTrace;
}

/** What all of them brought. */
export interface Answered {
  /** One for each key, by its text. */
  readonly settled: ReadonlyMap<string, Settled>;
  readonly attempts: number;
}

interface Sums {
  attempts: number;
  /** That were begun. Each is a call of the operation. */
  requests: number;
  strangers: number;
  repeated: number;
}

/**
 * Asks for keys in as few requests as hold them, some at a time. Each request goes through the whole stack as a call of
 * its own, within the deadline of all; one that fails fails its own keys. Rejects with a caller's reason to leave, only.
 */
export async function askInChunks(
  parts: BatchParts,
  keys: ReadonlyMap<string, unknown>,
  asking: Asking,
): Promise<Answered> {
  const { batch: plan } = parts.definition;
  const { signal } = asking.settings;
  const facts: ErrorFacts = { target: parts.settings.target, operation: parts.name };
  const settled = new Map<string, Settled>();
  const sums: Sums = { attempts: 0, requests: 0, strangers: 0, repeated: 0 };
  const now = (): number => parts.runtime.clock.now();
  const startedAt = now();

  const all = chunksOf(keys, plan.maxKeys, plan.maxKeyBytes);
  await sideBySide(all, plan.concurrency, async (chunk, place) => {
    signal?.throwIfAborted();
    // The first goes in any case, so that a batch with no time at all is seen as a call that had none.
    if (place > 0 && now() >= asking.deadline) {
      const late = new DeadlineExceededError('the deadline passed before these keys were asked for', facts);
      for (const text of chunk.texts) settled.set(text, failed(late));
      return;
    }
    try {
      const matched = await askChunk(parts, chunk, asking, facts, sums);
      for (const [text, one] of matched.settled) settled.set(text, one);
      sums.strangers += matched.strangers;
      sums.repeated += matched.repeated;
    } catch (error) {
      signal?.throwIfAborted();
      for (const text of chunk.texts) settled.set(text, failed(error));
    }
  });
  publishFinished(parts, asking, settled, sums, now() - startedAt);
  return { settled, attempts: sums.attempts };
}

function publishFinished(
  { events, name: operation, runtime, settings: { target } }: BatchParts,
  { asked, requestId }: Asking,
  settled: ReadonlyMap<string, Settled>,
  { requests, strangers, repeated }: Sums,
  durationMs: number,
): void {
  if (!events.wants('batch.finished')) return;
  const counts = { found: 0, missing: 0, failed: 0 };
  for (const { outcome } of settled.values()) counts[outcome]++;
  events.publish({
    type: 'batch.finished',
    at: runtime.clock.now(),
    target,
    operation,
    asked,
    keys: settled.size,
    requests,
    ...counts,
    strangers,
    repeated,
    durationMs,
    requestId,
  });
}

async function askChunk(
  parts: BatchParts,
  chunk: Chunk,
  { settings, deadline, toldDeadline, requestId, trace }: Asking,
  facts: ErrorFacts,
  sums: Sums,
): Promise<Matched> {
  const { batch: plan } = parts.definition;
  const { input, headers } = inputOf(plan, chunk.keys, facts);
  const said: CallSettings =
    headers === undefined ? settings : { ...settings, headers: { ...settings.headers, ...headers } };
  sums.requests++;
  try {
    const { value, attempts } = await execute(parts, input, said, {
      deadline,
      toldDeadline,
      requestId,
      trace: trace(),
      interpret: (answer, status, known) => matchAnswer(plan, chunk, answer, status, known),
    });
    sums.attempts += attempts;
    return value as Matched;
  } catch (error) {
    if (error instanceof SwitchgearError) sums.attempts += error.attempts;
    throw error;
  }
}
