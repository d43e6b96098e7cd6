import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chaos } from './chaos.ts';
import type { ChaosOptions } from './options.ts';

const refuses = (options: unknown, path: string, message: string): void =>
  assert.throws(() => chaos(options as ChaosOptions), { path, message: `${path}: expected ${message}` });

test('says what it expected and what came', () => {
  const one = 'exactly one of fault, latencyMs, result, behaviour';
  refuses({}, 'chaos', `${one}, got "none"`);
  const both = { fault: () => 1, result: () => 2 };
  refuses(both, 'chaos', `${one}, got "fault and result"`);
  refuses({ enabled: 1, latencyMs: 1 }, 'chaos.enabled', 'true, false, or a function, got 1');
  refuses({ rate: 2, latencyMs: 1 }, 'chaos.rate', 'a number from 0 to 1, or a function, got 2');
});
