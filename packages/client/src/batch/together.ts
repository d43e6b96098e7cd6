import type { CallOptions, ErrorFacts } from '@switchgear/policy';
import type { CallRecord } from '../call/call-record.ts';
import type { CallSettings } from '../call/call-settings.ts';
import type { CallInput, OperationParts } from '../call/operation-parts.ts';
import { HttpStatusError } from '../errors.ts';
import { checkKey, readKey } from './asked-keys.ts';
import type { Collector, SettledKey } from './collector.ts';
import { ownCopy } from './own-copy.ts';

/** A single look-up that may go along with others. */
export interface Joining {
  readonly input: CallInput;
  /** Those of the path, as they were checked: one of them, and it is the key. */
  readonly params: unknown;
  readonly settings: CallSettings;
  /** Tells apart who may be answered differently. */
  readonly asker: string;
  readonly record: CallRecord;
}

/**
 * Lets a single look-up go along with others of its kind, in one batch. What cannot go into a batch, has no time to wait
 * or finds no company is sent by itself, as it would be without.
 */
export async function together(
  parts: OperationParts,
  collector: Collector,
  joining: Joining,
  call: CallOptions,
  alone: () => Promise<unknown>,
): Promise<unknown> {
  const { asker, settings, record } = joining;
  const facts: ErrorFacts = { target: parts.settings.target, operation: parts.name };
  if (asksForMore(joining.input) || !collector.hasTime(call.deadline ?? record.deadline)) return alone();
  const [name = ''] = parts.definition.path.names;
  const { rules } = collector;
  const checking = checkKey(rules.key, (joining.params as CallInput)[name]);
  const checked = checking instanceof Promise ? await parts.inTime.execute(() => checking, call) : checking;
  const { text } = readKey(rules, checked);
  if (!checked.ok || text === undefined) return alone();
  const key = checked.value;
  const collected = await parts.inTime.execute(
    (own) => collector.join({ key, text, asker, settings, call: own, record }),
    call,
  );
  return collected === 'alone' ? alone() : valueFor(collected, parts, facts, alone);
}

/** Whether a call gives more than the key, which a batch could not pass on. */
function asksForMore({ query, headers }: CallInput): boolean {
  return query !== undefined || headers !== undefined;
}

function valueFor(
  { settled, attempts, shared }: SettledKey,
  { definition }: OperationParts,
  facts: ErrorFacts,
  alone: () => Promise<unknown>,
): unknown {
  switch (settled.outcome) {
    case 'found': {
      if (!shared) return settled.value;
      // What one caller does to their value is nothing to another.
      const copy = ownCopy(settled.value);
      return copy === undefined ? alone() : copy;
    }
    case 'missing': {
      const known = { ...facts, attempts };
      const NotFound = definition.options.errors?.[404];
      if (NotFound === undefined) throw new HttpStatusError(404, 'by-status', { ...known, phase: 'decode' });
      const { target = '', operation = '' } = facts;
      throw new NotFound({ target, operation, attempts, status: 404, serviceCode: undefined, detail: undefined });
    }
    case 'failed':
      throw settled.error;
  }
}
