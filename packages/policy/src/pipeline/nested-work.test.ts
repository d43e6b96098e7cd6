import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import { ConfigError } from '../contract/errors.ts';
import type { Policy } from '../contract/policy.ts';
import { rateLimiter } from '../limiter/rate-limiter.ts';
import { retry } from '../retry/retry.ts';
import { caught } from '../testing/caught.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { pipeline } from './pipeline.ts';

test('a pipeline inside the work of another has work of its own, and leaves the outer one’s alone', async () => {
  const { runtime, clock } = testRuntime({ random: 0 });
  const inner = pipeline(bulkhead({}, runtime), rateLimiter({ limit: 100 }, runtime));
  const ran: string[] = [];
  const answered = pipeline(retry({}, runtime), bulkhead({}, runtime)).execute((call) => {
    ran.push('outer');
    return inner.execute(async () => {
      ran.push('inner');
      if (ran.length < 4) throw new Error('down');
      return 'up';
    }, call);
  });
  await clock.advance(1_000);
  assert.equal(await answered, 'up');
  assert.deepEqual(ran, ['outer', 'inner', 'outer', 'inner']);
});

test('gates that stand first, last, together or alone are all gone through, once per call that reaches them', async () => {
  const { runtime, clock } = testRuntime({ random: 0 });
  const gate = () => rateLimiter({ limit: 1_000, intervalMs: 2_000_000_000 }, runtime);
  const taken = (one: ReturnType<typeof gate>): number => Math.round(1_000 - one.snapshot().tokens);
  for (const shape of ['g', 'gg', 'gr', 'rg', 'ggr', 'rgg', 'grg', 'ggrgg', 'rgrg', 'grgrg']) {
    const before: ReturnType<typeof gate>[] = [];
    const policies = [...shape].map((letter) => {
      if (letter === 'r') return retry({ maxRetries: 1 }, runtime);
      const made = gate();
      before.push(made);
      return made;
    });
    let runs = 0;
    const ended = pipeline(...policies)
      .execute(async () => {
        runs++;
        throw new Error('down');
      })
      .catch(() => {});
    await clock.advance(10_000);
    await ended;
    const times = [...shape].flatMap((letter, i) =>
      letter === 'g' ? [2 ** [...shape.slice(0, i)].filter((each) => each === 'r').length] : [],
    );
    assert.deepEqual(before.map(taken), times, shape);
    assert.equal(runs, 2 ** [...shape].filter((letter) => letter === 'r').length, shape);
  }
});

test('a policy that does not hand on the call it was given is told so', async () => {
  const stranger: Policy = {
    name: 'stranger',
    execute: (operation) => operation({ target: 'mine' } as never),
    describe: () => 'stranger',
  };
  const error = await caught(pipeline(stranger).execute(async () => assert.fail('ran')));
  assert.ok(error instanceof ConfigError);
  assert.equal(error.message, 'pipeline: expected policies that hand on the call they are given, got an object');
});
