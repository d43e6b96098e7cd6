import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

const calls = 1_000_000;
const mebibyte = 1_048_576;

interface Report {
  readonly what: 'calls' | 'keys';
  readonly heapBytes: number;
  readonly listeners: number;
  readonly deadlines: number;
  readonly held: number;
  readonly timers: number;
  readonly warnings: number;
  readonly begun?: number;
  readonly ok?: number;
  readonly left?: number;
  readonly failed?: number;
  readonly keys?: number;
  readonly entries?: number;
}

test('a million calls with aborts and timeouts among them leave nothing, nor do a million keys, and the process ends', async () => {
  const script = join(import.meta.dirname, 'leak-run.ts');
  const child = spawn(
    process.execPath,
    ['--expose-gc', '--conditions=@switchgear/source', script, String(calls)],
    // Not in the way of the runner that this runs in.
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_TEST_CONTEXT: undefined } },
  );
  const [out, complaints, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  // An unhandled rejection would have ended it with 1, something that never ends with nothing at all.
  assert.deepEqual({ code, signal, complaints }, { code: 0, signal: null, complaints: '' });

  const reports = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Report);
  for (const { listeners, deadlines, held, timers, warnings } of reports) {
    assert.deepEqual([listeners, deadlines, held, timers, warnings], [0, 0, 0, 0, 0]);
  }
  for (const what of ['calls', 'keys']) {
    const heaps = reports.filter((report) => report.what === what).map(({ heapBytes }) => heapBytes);
    assert.equal(heaps.length, 4);
    const grownBytes = Math.max(...heaps.slice(1)) - (heaps[0] as number);
    assert.ok(grownBytes < mebibyte, `the heap has grown by ${grownBytes} bytes over three quarters of the ${what}`);
  }
  const { begun, ok = 0, left = 0, failed = 0 } = reports[3] as Report;
  assert.deepEqual([begun, ok + left + failed], [calls, calls]);
  assert.ok(left === 0.03 * calls && failed === 0.01 * calls, `${left} left, ${failed} failed`);
  const { keys = 0, entries = 0 } = reports[7] as Report;
  assert.deepEqual([keys, entries], [100, 100]);
});
