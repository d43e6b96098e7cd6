import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { SwitchgearError } from '@switchgear/policy';

/** Values that must show up nowhere: one for each place where a secret travels. */
export const canaries = {
  token: 'canary-token-1',
  header: 'canary-header-2',
  query: 'canary-query-3',
  body: 'canary-body-4',
  key: 'canary-key-5',
  answer: 'canary-answer-6',
  cookie: 'canary-cookie-7',
} as const;

/** Fails if a canary can be seen in any of these, whichever way one looks. */
export function assertNoCanary(where: string, ...values: readonly unknown[]): void {
  for (const value of values) {
    for (const [how, text] of Object.entries(looksOf(value))) {
      const found = Object.values(canaries).filter((canary) => text.includes(canary));
      assert.deepEqual(found, [], `${where}: seen in ${how}: ${text.slice(0, 400)}`);
    }
  }
}

function looksOf(value: unknown): Record<string, string> {
  const looks: Record<string, string> = {
    string: String(value),
    JSON: JSON.stringify(value) ?? '',
    inspect: inspect(value, { depth: 20 }),
    // What a debugger or a careless logger would find, hidden fields included.
    everything: inspect(value, { depth: 20, showHidden: true, customInspect: false, maxStringLength: null }),
  };
  if (value instanceof Error) {
    looks.stack = value.stack ?? '';
    looks.cause = inspect(value.cause, { depth: 20, showHidden: true, customInspect: false });
  }
  if (value instanceof SwitchgearError) looks.explain = value.explain();
  return looks;
}
