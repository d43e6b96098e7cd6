import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Choose, explore } from './explore.ts';
import { settle } from './manual-clock.ts';

test('takes every way once, depth first', async () => {
  const ways: string[] = [];
  const runs = await explore((choose) => {
    let way = choose(['a', 'b']);
    // How many choices there are may depend on those before.
    if (way === 'a') way += choose([1, 2, 3]);
    way += choose(['x', 'y']);
    ways.push(way);
  });
  assert.deepEqual(ways, ['a1x', 'a1y', 'a2x', 'a2y', 'a3x', 'a3y', 'bx', 'by']);
  assert.equal(runs, 8);
});

test('runs a script without choices once, and one that waits to its end', async () => {
  assert.equal(await explore(() => {}), 1);
  let ended = 0;
  const runs = await explore(async (choose) => {
    await settle();
    choose([1, 2]);
    ended++;
  });
  assert.deepEqual([runs, ended], [2, 2]);
});

test('says which choices led to a failure', async () => {
  const script = (choose: Choose): void => {
    const first = choose(['join', 'abort']);
    const second = choose(['settle', 'wait']);
    assert.notEqual(`${first} ${second}`, 'abort settle');
  };
  await assert.rejects(explore(script), /after \["abort","settle"\]/);
});

test('gives up on a script that leaves too much open, or is not deterministic, or offers nothing', async () => {
  const endless = (choose: Choose): void => {
    for (let i = 0; i < 20; i++) choose([0, 1]);
  };
  await assert.rejects(explore(endless, { maxRuns: 1_000 }), /more than 1000 ways/);
  let runs = 0;
  const moody = (choose: Choose): void => {
    choose(Array.from({ length: 2 + runs++ }));
  };
  await assert.rejects(explore(moody), /not deterministic: 2 choices became 3/);
  await assert.rejects(
    explore((choose) => {
      choose([]);
    }),
    /nothing to choose from/,
  );
});
