import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logCrashes } from './crash.ts';
import { createLogger } from './logger.ts';

test('logs an error nobody caught, without its secrets, and ends with 1', () => {
  const lines: string[] = [];
  const exits: number[] = [];
  let crash: ((error: unknown) => void) | undefined;
  const logger = createLogger({
    service: 'shop',
    level: 'info',
    destination: { write: (line) => void lines.push(line) },
  });
  logCrashes(logger, {
    on: (_event, run) => {
      crash = run;
    },
    exit: (code) => exits.push(code),
  });
  crash?.(new Error('no row for canary@example.test'));
  assert.equal(JSON.parse(lines.join('')).msg, 'crashed');
  assert.match(lines.join(''), /no row for/);
  assert.doesNotMatch(lines.join(''), /canary/);
  assert.deepEqual(exits, [1]);
});
