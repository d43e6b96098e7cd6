import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, settle } from '@switchgear/policy/testing';
import { TokenKeeper } from './token-keeper.ts';

/** A keeper whose store the test answers for, one saving after the other. */
function keeping() {
  const clock = new ManualClock();
  const savings: { token: string; done: () => void; fail: (error: Error) => void }[] = [];
  const unsaved: number[] = [];
  const keeper = new TokenKeeper(
    {
      save: ({ refreshToken }) =>
        new Promise<void>((resolve, reject) => {
          savings.push({ token: refreshToken, done: resolve, fail: reject });
        }),
      timeoutMs: 2_000,
      retryMs: 250,
      onUnsaved: (_, retryInMs) => void unsaved.push(retryInMs),
    },
    clock,
  );
  const tokens = () => savings.map(({ token }) => token);
  return { clock, keeper, savings, unsaved, tokens };
}

test('waits for the store, and not longer than it may', async () => {
  const { clock, keeper, savings } = keeping();
  let kept = 0;
  void keeper.keep({ refreshToken: 'r1' }, 500).then(() => kept++);
  await settle();
  assert.equal(kept, 0);
  savings[0]?.done();
  await settle();
  assert.equal(kept, 1);
  void keeper.keep({ refreshToken: 'r2' }, 500).then(() => kept++);
  await clock.advance(499);
  assert.equal(kept, 1);
  await clock.advance(1);
  assert.equal(kept, 2);
  savings[1]?.done();
  await settle();
  assert.equal(clock.pending, 0);
});

test('hands them over again until they are taken, less and less often', async () => {
  const { clock, keeper, savings, unsaved, tokens } = keeping();
  const kept = keeper.keep({ refreshToken: 'r1' }, 500);
  for (let i = 0; i < 9; i++) {
    savings[i]?.fail(new Error('disk full'));
    await settle();
    await clock.advance(unsaved[i] ?? 0);
  }
  await kept;
  assert.deepEqual(unsaved, [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  savings[9]?.done();
  await settle();
  assert.equal(clock.pending, 0);
  assert.deepEqual(new Set(tokens()), new Set(['r1']));
  assert.equal(savings.length, 10);
});

test('saves one at a time, the newest last', async () => {
  const { keeper, savings, tokens } = keeping();
  void keeper.keep({ refreshToken: 'r1' }, 500);
  void keeper.keep({ refreshToken: 'r2' }, 500);
  void keeper.keep({ refreshToken: 'r3' }, 500);
  assert.deepEqual(tokens(), ['r1']);
  savings[0]?.fail(new Error('conflict'));
  await settle();
  assert.deepEqual(tokens(), ['r1', 'r3'], 'nobody needs r2 any more, and r3 does not wait for a retry');
  savings[1]?.done();
  await settle();
  assert.equal(savings.length, 2);
});

test('a saving that hangs is given up; when it ends at last, the newest is saved over it', async () => {
  const { clock, keeper, savings, unsaved, tokens } = keeping();
  void keeper.keep({ refreshToken: 'r1' }, 500);
  await clock.advance(2_000);
  assert.deepEqual(unsaved, [250]);
  void keeper.keep({ refreshToken: 'r2' }, 500);
  savings[1]?.done();
  await settle();
  assert.deepEqual(tokens(), ['r1', 'r2']);
  savings[0]?.done();
  await settle();
  assert.deepEqual(tokens(), ['r1', 'r2', 'r2']);
  savings[2]?.done();
  await settle();
  assert.equal(clock.pending, 0);
});

test('tokens from outside are as good as saved, unless older ones are just being written', async () => {
  const { clock, keeper, savings, tokens } = keeping();
  void keeper.keep({ refreshToken: 'r1' }, 500);
  savings[0]?.fail(new Error('disk full'));
  await settle();
  keeper.replace({ refreshToken: 'login' });
  await clock.advance(60_000);
  assert.deepEqual(tokens(), ['r1']);
  void keeper.keep({ refreshToken: 'r2' }, 500);
  keeper.replace({ refreshToken: 'login-2' });
  savings[1]?.done();
  await settle();
  assert.deepEqual(tokens(), ['r1', 'r2', 'login-2']);
  savings[2]?.done();
});

test('tries once more when it is closed, and then no more', async () => {
  const { clock, keeper, savings, tokens } = keeping();
  void keeper.keep({ refreshToken: 'r1' }, 500);
  savings[0]?.fail(new Error('disk full'));
  await settle();
  const closed = keeper.close();
  assert.deepEqual(tokens(), ['r1', 'r1']);
  savings[1]?.fail(new Error('disk full'));
  await closed;
  assert.equal(clock.pending, 0);
  await keeping().keeper.close();
});

test('a store that throws at once is one that failed', async () => {
  const clock = new ManualClock();
  const unsaved: unknown[] = [];
  const save = () => {
    throw new Error('no store');
  };
  const keeper = new TokenKeeper({ save, timeoutMs: 10, retryMs: 5, onUnsaved: (error) => unsaved.push(error) }, clock);
  await keeper.keep({ refreshToken: 'r1' }, 500);
  assert.equal(unsaved.length, 1);
  await keeper.close();
  assert.equal(clock.pending, 0);
});
