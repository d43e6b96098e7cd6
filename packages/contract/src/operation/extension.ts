import type { ApiDocument, JsonObject } from '../document/api-document.ts';

/** What a document may say of an operation under `x-switchgear`, beside what OpenAPI has words for. */
export interface Extension {
  /** Options of the definition as they stand: `idempotent`, `idempotencyKey`, `deadlineMs`, `attemptTimeoutMs`. */
  readonly options: readonly string[];
  /** Statuses from 400 to 499 that are values, not errors. */
  readonly values: ReadonlySet<string>;
  readonly idempotencyKey: boolean;
}

const flags = ['idempotent', 'idempotencyKey'] as const;
const times = ['deadlineMs', 'attemptTimeoutMs'] as const;

/** Reads `x-switchgear`. @throws ContractError at a name it does not know, or a value out of range. */
export function readExtension(document: ApiDocument, at: readonly string[], given: unknown): Extension {
  const said: JsonObject = document.objectAt(at, given);
  const known: readonly string[] = [...flags, ...times, 'values'];
  for (const name of Object.keys(said)) {
    if (!known.includes(name)) document.fail([...at, name], `one of ${known.join(', ')}`, name);
  }
  const options: string[] = [];
  for (const flag of flags) {
    if (said[flag] === undefined) continue;
    if (typeof said[flag] !== 'boolean') document.fail([...at, flag], 'true or false', said[flag]);
    if (flag === 'idempotent') options.push(`idempotent: ${said[flag]}`);
  }
  for (const time of times) {
    const ms = said[time];
    if (ms === undefined) continue;
    if (typeof ms !== 'number' || !(ms > 0)) document.fail([...at, time], 'milliseconds above 0', ms);
    options.push(`${time}: ${ms}`);
  }
  const values = document.listAt([...at, 'values'], said.values);
  for (const status of values) {
    if (typeof status !== 'number' || !Number.isInteger(status) || status < 400 || status > 499)
      document.fail([...at, 'values'], 'statuses from 400 to 499', status);
  }
  return { options, values: new Set(values.map(String)), idempotencyKey: said.idempotencyKey === true };
}
