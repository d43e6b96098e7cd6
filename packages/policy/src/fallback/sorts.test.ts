import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JudgedError } from '../testing/judged-error.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { fallback } from './fallback.ts';
import type { FallbackOptions } from './options.ts';

const { runtime } = testRuntime();

test('answers each sort of failure that it is told of, and no other', async () => {
  const aborted = Object.assign(new Error('closed'), { name: 'AbortError' });
  const kinds = ['success', 'failure', 'throttled', 'ignored'] as const;
  for (const when of kinds) {
    for (const kind of kinds) {
      const answered = fallback('instead', { when: [when] }, runtime).execute(() =>
        Promise.reject(new JudgedError(kind)),
      );
      if (when === kind) assert.equal(await answered, 'instead');
      else await assert.rejects(answered, JudgedError, `${when} for ${kind}`);
    }
    const left = fallback('instead', { when: [when] }, runtime).execute(() => Promise.reject(aborted));
    if (when === 'ignored') assert.equal(await left, 'instead');
    else await assert.rejects(left, aborted);
  }
});

test('refuses a list in which anything is no sort, and says what it expected', () => {
  for (const when of [['failure', 'nonsense'], ['nonsense', 'failure'], [() => true], [], 'failure']) {
    assert.throws(() => fallback('instead', { when } as unknown as FallbackOptions), {
      path: 'fallback.when',
      message: /expected a function, or a list of verdicts and error classes that is not empty, got /,
    });
  }
});

test('refuses an answer of which any part can be changed, and takes one that is frozen through and through', () => {
  const open = Object.freeze({ fixed: 1, list: [] });
  assert.throws(() => fallback(open), { path: 'fallback.answer' });
  const frozen = Object.freeze({ fixed: 1, list: Object.freeze([]), make: () => 1 });
  assert.doesNotThrow(() => fallback(frozen));
});
