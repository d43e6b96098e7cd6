import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock, settle } from '@switchgear/policy/testing';
import { AuthenticationError, TokenUnavailableError } from '../errors.ts';
import { type FetchedToken, type Token, TokenSource } from './token-source.ts';

function source(fetchToken: (n: number) => Promise<FetchedToken>) {
  const clock = new ManualClock();
  const refreshes: { generation: number; error: unknown }[] = [];
  let fetches = 0;
  const tokens = new TokenSource(
    {
      fetchToken: () => fetchToken(++fetches),
      timeoutMs: 2_000,
      coolDownMs: 1_000,
      onRefresh: (generation, _, error) => refreshes.push({ generation, error }),
    },
    { clock, random: () => 0 },
  );
  return { clock, tokens, refreshes, fetches: () => fetches };
}

const numbered = async (n: number): Promise<FetchedToken> => ({ accessToken: `token-${n}`, expiresInMs: 10_000 });

test('fetches once, however many ask at the same time', async () => {
  const { tokens, fetches } = source(numbered);
  const got = await Promise.all(Array.from({ length: 50 }, () => tokens.get()));
  assert.deepEqual(new Set(got.map((token) => token.value)), new Set(['token-1']));
  assert.equal(fetches(), 1);
});

test('renews ahead of the end, without making anyone wait', async () => {
  const { clock, tokens, fetches } = source(numbered);
  await tokens.get();
  await clock.advance(7_999);
  assert.equal((tokens.get() as Token).value, 'token-1');
  assert.equal(fetches(), 1);
  await clock.advance(1);
  assert.equal((tokens.get() as Token).value, 'token-1');
  assert.equal(fetches(), 2);
  await settle();
  assert.equal((tokens.get() as Token).value, 'token-2');
});

test('goes on with a good token when renewing it ahead of its end fails', async () => {
  const { clock, tokens, fetches } = source(async (n) => {
    if (n > 1) throw new Error('away');
    return numbered(n);
  });
  await tokens.get();
  await clock.advance(9_000);
  assert.equal((tokens.get() as Token).value, 'token-1');
  await settle();
  assert.equal((tokens.get() as Token).value, 'token-1');
  assert.equal(fetches(), 2);
  await clock.advance(1_000);
  await assert.rejects(Promise.resolve(tokens.get()), TokenUnavailableError);
});

test('lets others go on with a token that one endpoint refused, while a newer one is asked for', async () => {
  const { tokens, fetches } = source(async (n) => (n === 1 ? numbered(n) : new Promise(() => {})));
  const first = await tokens.get();
  void tokens.renew(first);
  assert.equal((tokens.get() as Token).value, 'token-1');
  assert.equal(fetches(), 2);
});

test('gives up a request for a token that never ends, and asks again after the cool-down', async () => {
  const { clock, tokens, fetches } = source(async (n) => (n === 1 ? new Promise(() => {}) : numbered(n)));
  const failed = assert.rejects(Promise.resolve(tokens.get()), {
    code: 'SWITCHGEAR_TOKEN_UNAVAILABLE',
    retryAfterMs: 1_000,
  });
  await clock.advance(2_000);
  await failed;
  await clock.advance(1_000);
  assert.equal((await tokens.get()).value, 'token-2');
  assert.equal(fetches(), 2);
});

test('answers a burst of 401s with one refresh, and a late 401 with the token that is already newer', async () => {
  const { tokens, fetches } = source(numbered);
  const first = await tokens.get();
  const renewed = await Promise.all(Array.from({ length: 20 }, () => tokens.renew(first)));
  assert.deepEqual(new Set(renewed.map((token) => token?.value)), new Set(['token-2']));
  assert.equal((await tokens.renew(first))?.value, 'token-2');
  assert.equal(fetches(), 2);
});

test('fails the waiters of a failed flight, cools down, and then asks again', async () => {
  let down = true;
  const { clock, tokens, fetches } = source(async (n) => {
    if (down) throw new Error('connect ECONNREFUSED');
    return numbered(n);
  });
  const failed = await Promise.allSettled([tokens.get(), tokens.get()]);
  assert.ok(failed.every((each) => each.status === 'rejected' && each.reason instanceof TokenUnavailableError));
  await assert.rejects(Promise.resolve(tokens.get()), TokenUnavailableError);
  assert.equal(fetches(), 1);
  down = false;
  await clock.advance(1_000);
  assert.equal((await tokens.get()).value, 'token-2');
});

test('does not refresh in a circle when new tokens are refused as well', async () => {
  const { clock, tokens, fetches } = source(numbered);
  const first = await tokens.get();
  const second = (await tokens.renew(first)) as Token;
  tokens.refusedAfterRenewal(second);
  assert.equal(await tokens.renew(second), undefined);
  assert.equal(fetches(), 2);
  await clock.advance(1_000);
  assert.equal((await tokens.renew(second))?.value, 'token-3');
});

test('takes no token that a header cannot hold', async () => {
  for (const accessToken of ['', 'a b', 'a\r\nx: y', 'é']) {
    const { tokens } = source(async () => ({ accessToken }));
    await assert.rejects(Promise.resolve(tokens.get()), AuthenticationError);
  }
});

test('neither expires nor keeps a token because the wall clock jumped', async () => {
  const { clock, tokens, fetches } = source(numbered);
  await tokens.get();
  clock.jumpWall(3_600_000);
  assert.equal((tokens.get() as Token).value, 'token-1');
  clock.jumpWall(-7_200_000);
  await clock.advance(10_000);
  assert.equal((await tokens.get()).value, 'token-2');
  assert.equal(fetches(), 2);
});
