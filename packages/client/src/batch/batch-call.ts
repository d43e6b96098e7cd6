import type { ErrorFacts } from '@switchgear/policy';
import { deadlineOf } from '../call/call-deadline.ts';
import { metaOf, publishFinished, publishStarted } from '../call/call-finished.ts';
import { type CallSettings, settingsOf } from '../call/call-settings.ts';
import { fateOf } from '../call/fate.ts';
import { newRecord } from '../call/operation-call.ts';
import type { WithMeta } from '../call/with-meta.ts';
import { ClientClosedError } from '../errors.ts';
import { currentIncoming } from '../trace/incoming.ts';
import { askInChunks, type BatchParts } from './ask-in-chunks.ts';
import { type AskedKeys, readKeys } from './asked-keys.ts';
import { failed, type KeyOutcome, type Settled } from './key-outcome.ts';

/** A batch as a function. */
export interface BatchCall<Key, Value> {
  /**
   * Looks the keys up. Answers with an outcome for each, in the order asked, whatever fails: it rejects only when the
   * caller leaves, or nothing could be asked at all. Without keys nothing is sent.
   */
  (keys: readonly Key[], settings?: CallSettings): Promise<readonly KeyOutcome<Key, Value>[]>;
  /** The same call, answered with what it took, over all of its requests. */
  withMeta(keys: readonly Key[], settings?: CallSettings): Promise<WithMeta<readonly KeyOutcome<Key, Value>[]>>;
}

type Outcomes = readonly KeyOutcome<unknown, unknown>[];

/** Makes the function of a batch. */
export function batchCall(parts: BatchParts): BatchCall<unknown, unknown> {
  const run = (keys: readonly unknown[], settings: CallSettings = {}): Promise<WithMeta<Outcomes>> =>
    execute(parts, keys, settings);
  const call = (keys: readonly unknown[], settings?: CallSettings): Promise<Outcomes> =>
    run(keys, settings).then((result) => result.value);
  return Object.assign(call, { withMeta: run });
}

async function execute(parts: BatchParts, keys: unknown, said: CallSettings): Promise<WithMeta<Outcomes>> {
  const { inFlight, inTime, name: operation } = parts;
  const { target } = parts.settings;
  const facts: ErrorFacts = { target, operation };
  const incoming = currentIncoming();
  const settings = settingsOf(said, incoming);
  const { signal } = settings;
  const record = newRecord(parts, incoming);
  const { requestId, trace } = record;
  let begun = false;
  inFlight.begin();
  try {
    if (inFlight.closed) throw new ClientClosedError('the client has been closed', facts);
    const deadline = deadlineOf(parts, settings, record.startedAt, facts);
    record.deadline = deadline;
    signal?.throwIfAborted();
    const reading = readKeys(parts.definition.batch, keys, facts);
    const call = { target, operation, deadline, signal, group: inFlight.group };
    const read = reading instanceof Promise ? await inTime.execute(() => reading, call) : reading;
    begun = true;
    const asked = read.asked.length;
    const asking = { asked, settings, deadline, requestId, trace: () => trace.beside() };
    const { settled, attempts } = await askInChunks(parts, read.distinct, asking);
    record.attempts = attempts;
    return { ...metaOf(parts, record, 'ok', undefined), value: outcomesOf(read, settled) };
  } catch (error) {
    // Its requests are the calls that are told of. One that came to none would not be seen at all.
    if (!begun) {
      publishStarted(parts, record);
      publishFinished(parts, record, fateOf(error, signal?.aborted === true && error === signal.reason), error);
    }
    throw error;
  } finally {
    inFlight.end();
  }
}

function outcomesOf({ asked }: AskedKeys, settled: ReadonlyMap<string, Settled>): Outcomes {
  return asked.map((one) => {
    const { key } = one;
    return { key, ...('text' in one ? (settled.get(one.text) as Settled) : failed(one.error)) };
  });
}
