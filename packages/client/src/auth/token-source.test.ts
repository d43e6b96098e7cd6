import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { withDeadline } from '@switchgear/policy';
import { ManualClock, settle } from '@switchgear/policy/testing';
import { aCall } from '../../test/a-call.ts';
import { AuthenticationError, TokenUnavailableError } from '../errors.ts';
import { type FetchedToken, obtainedToken } from './bearer-token.ts';
import type { Grant } from './credential.ts';
import { TokenSource, type TokenSourceOptions } from './token-source.ts';

/** A source of tokens on a clock of its own, asked by one client. */
function source(fetchToken: (n: number) => Promise<FetchedToken>, more: Partial<TokenSourceOptions> = {}) {
  const clock = new ManualClock();
  const refreshes: { generation: number; error: unknown }[] = [];
  const losses: string[] = [];
  let fetches = 0;
  const asker = {
    onRefresh: (generation: number, _: number, error: unknown) => void refreshes.push({ generation, error }),
    onLost: (error: AuthenticationError) => void losses.push(error.reason),
  };
  const obtain = async () => obtainedToken(await fetchToken(++fetches));
  const inner = new TokenSource({ obtain, timeoutMs: 2_000, coolDownMs: 1_000, ...more }, { clock, random: () => 0 });
  const tokens = {
    get: (call = aCall()) => inner.get(call, asker),
    renew: (refused: Grant, headers = {}, call = aCall()) => inner.renew(refused, headers, call, asker),
    refusedAfterRenewal: () => inner.refusedAfterRenewal(),
    restart: () => inner.restart(),
  };
  return { clock, tokens, refreshes, losses, fetches: () => fetches };
}

/** The token in a grant. */
function tokenIn(grant: unknown): string | undefined {
  const request = { method: 'GET', origin: 'http://users.test', path: '/', headers: [], body: undefined };
  return (grant as Grant | undefined)?.authorise(request)[1]?.replace('Bearer ', '');
}

const numbered = async (n: number): Promise<FetchedToken> => ({ accessToken: `token-${n}`, expiresInMs: 10_000 });

test('fetches once, however many ask at the same time', async () => {
  const { tokens, fetches } = source(numbered);
  const got = await Promise.all(Array.from({ length: 50 }, () => tokens.get()));
  assert.deepEqual(new Set(got.map(tokenIn)), new Set(['token-1']));
  assert.equal(fetches(), 1);
});

test('renews ahead of the end, without making anyone wait', async () => {
  const { clock, tokens, fetches } = source(numbered);
  await tokens.get();
  await clock.advance(7_999);
  assert.equal(tokenIn(tokens.get()), 'token-1');
  assert.equal(fetches(), 1);
  await clock.advance(1);
  assert.equal(tokenIn(tokens.get()), 'token-1');
  assert.equal(tokenIn(tokens.get()), 'token-1');
  assert.equal(fetches(), 2);
  await settle();
  assert.equal(tokenIn(tokens.get()), 'token-2');
});

test('goes on with a good token when renewing it ahead of its end fails', async () => {
  const { clock, tokens, fetches } = source(async (n) => {
    if (n > 1) throw new Error('away');
    return numbered(n);
  });
  await tokens.get();
  await clock.advance(9_000);
  assert.equal(tokenIn(tokens.get()), 'token-1');
  await settle();
  assert.equal(tokenIn(tokens.get()), 'token-1');
  assert.equal(fetches(), 2);
  await clock.advance(1_000);
  await assert.rejects(Promise.resolve(tokens.get()), TokenUnavailableError);
});

test('lets others go on with a token that one endpoint refused, while a newer one is asked for', async () => {
  const { tokens, fetches } = source(async (n) => (n === 1 ? numbered(n) : new Promise(() => {})));
  const first = await tokens.get();
  void tokens.renew(first);
  assert.equal(tokenIn(tokens.get()), 'token-1');
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
  assert.equal(tokenIn(await tokens.get()), 'token-2');
  assert.equal(fetches(), 2);
});

test('answers a burst of 401s with one refresh, and a late 401 with the token that is already newer', async () => {
  const { tokens, fetches } = source(numbered);
  const first = await tokens.get();
  const renewed = await Promise.all(Array.from({ length: 20 }, () => tokens.renew(first)));
  assert.deepEqual(new Set(renewed.map(tokenIn)), new Set(['token-2']));
  assert.equal(tokenIn(await tokens.renew(first)), 'token-2');
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
  assert.equal(tokenIn(await tokens.get()), 'token-2');
});

test('does not refresh in a circle when new tokens are refused as well', async () => {
  const { clock, tokens, fetches } = source(numbered);
  const first = await tokens.get();
  const second = (await tokens.renew(first)) as Grant;
  tokens.refusedAfterRenewal();
  assert.equal(await tokens.renew(second), undefined);
  assert.equal(fetches(), 2);
  await clock.advance(1_000);
  assert.equal(tokenIn(await tokens.renew(second)), 'token-3');
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
  assert.equal(tokenIn(tokens.get()), 'token-1');
  clock.jumpWall(-7_200_000);
  await clock.advance(10_000);
  assert.equal(tokenIn(await tokens.get()), 'token-2');
  assert.equal(fetches(), 2);
});

test('a caller who leaves ends the wait of nobody else; the last one to leave ends the request', async () => {
  const cancelled: unknown[] = [];
  const landing = Promise.withResolvers<FetchedToken>();
  const flying = source(() => landing.promise);
  const callers = [new AbortController(), new AbortController()] as const;
  const [first, second] = callers.map(({ signal }) => Promise.resolve(flying.tokens.get(aCall(signal))));
  callers[0].abort('left');
  await assert.rejects(first as Promise<unknown>, (reason) => reason === 'left');
  landing.resolve({ accessToken: 'token' });
  assert.equal(tokenIn(await second), 'token');

  const { tokens, losses, refreshes, clock } = source(numbered, {
    abandonable: true,
    obtain: (call) =>
      new Promise((_, reject) => {
        call.onCancel((reason) => {
          cancelled.push(reason);
          reject(reason);
        });
      }),
  });
  const leaving = [new AbortController(), new AbortController()] as const;
  const waits = leaving.map(({ signal }) => Promise.resolve(tokens.get(aCall(signal))).catch((reason) => reason));
  leaving[0].abort('one');
  assert.deepEqual(cancelled, []);
  leaving[1].abort('two');
  assert.deepEqual(cancelled, ['two']);
  assert.deepEqual(await Promise.all(waits), ['one', 'two']);
  await settle();
  assert.deepEqual([losses, refreshes], [[], []], 'nobody was told of a failure, for there was none');
  void Promise.resolve(tokens.get()).catch(() => {});
  assert.deepEqual(cancelled, ['two'], 'the next one asks anew, without a cool-down');
  await clock.advance(2_000);
});

test('a wait that is cut short by its own time leaves the request to those who come back for it', async () => {
  const cancelled: unknown[] = [];
  const { tokens } = source(numbered, {
    abandonable: true,
    obtain: (call) => new Promise(() => void call.onCancel((reason) => cancelled.push(reason))),
  });
  const caller = new AbortController();
  const failed = assert.rejects(Promise.resolve(tokens.get(aCall(caller.signal))), TokenUnavailableError);
  caller.abort(new TokenUnavailableError('out of time'));
  await failed;
  assert.deepEqual(cancelled, []);
});

test('asks for all, outside the deadline and the surroundings of the call that needs it first', async () => {
  const clock = new ManualClock();
  const runtime = { clock, random: () => 0 };
  const user = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const tokens = new TokenSource(
    {
      obtain: async (call) => {
        seen.push(user.getStore(), call.deadline);
        await new Promise<void>((resolve) => void clock.setTimer(500, resolve));
        return obtainedToken({ accessToken: 'token' });
      },
      timeoutMs: 2_000,
      coolDownMs: 1_000,
    },
    runtime,
  );
  const asker = { onRefresh() {}, onLost() {} };
  const call = aCall();
  const hasty = user.run('alice', () => withDeadline(100, () => tokens.get(call, asker), runtime));
  const patient = tokens.get(aCall(), asker);
  await clock.advance(500);
  assert.deepEqual(seen, [undefined, 2_000]);
  assert.equal(tokenIn(await patient), 'token');
  assert.equal(tokenIn(await hasty), 'token');
});

test('a 401 about something else than the token asks for no other', async () => {
  const { tokens, fetches } = source(numbered);
  const first = await tokens.get();
  for (const header of [
    'Bearer error="insufficient_scope", scope="users:write"',
    ['Basic', 'Bearer error=invalid_request'],
  ]) {
    assert.equal(await tokens.renew(first, { 'www-authenticate': header }), undefined);
  }
  assert.equal(fetches(), 1);
  assert.equal(tokenIn(await tokens.renew(first, { 'www-authenticate': 'Bearer error="invalid_token"' })), 'token-2');
  assert.equal(fetches(), 2);
});

test('a token that comes again is no newer one, and is not asked for with every 401', async () => {
  const { clock, tokens, fetches } = source(async () => ({ accessToken: 'same' }));
  const first = await tokens.get();
  for (let i = 0; i < 10; i++) assert.equal(await tokens.renew(first), undefined);
  assert.equal(fetches(), 2);
  await clock.advance(1_000);
  assert.equal(await tokens.renew(first), undefined);
  assert.equal(fetches(), 3);
});

test('a token server that asks for more time gets it, within bounds', async () => {
  const askedMs = [5_000, 3_600_000];
  const { clock, tokens, fetches } = source(async () => {
    throw new TokenUnavailableError('the token server answered 429', { retryAfterMs: askedMs.shift() });
  });
  await assert.rejects(Promise.resolve(tokens.get()), { retryAfterMs: 5_000 });
  await clock.advance(4_999);
  await assert.rejects(Promise.resolve(tokens.get()), TokenUnavailableError);
  assert.equal(fetches(), 1);
  await clock.advance(1);
  await assert.rejects(Promise.resolve(tokens.get()), { retryAfterMs: 60_000 });
  assert.equal(fetches(), 2);
});

test('tells once that the credentials are lost, and again only after there were some', async () => {
  const answers: (Error | FetchedToken)[] = [
    new AuthenticationError('no', {}, 'invalid_client'),
    new AuthenticationError('no', {}, 'invalid_client'),
    { accessToken: 'token', expiresInMs: 100 },
    new Error('away'),
    new AuthenticationError('a page of some proxy', {}, 'status-403'),
    new AuthenticationError('no', {}, 'invalid_scope'),
  ];
  const { clock, tokens, losses } = source(async () => {
    const answer = answers.shift() as Error | FetchedToken;
    if (answer instanceof Error) throw answer;
    return answer;
  });
  for (let i = 0; i < 6; i++) {
    await Promise.resolve(tokens.get()).catch(() => {});
    await clock.advance(1_000);
  }
  assert.deepEqual(answers, []);
  assert.deepEqual(losses, ['invalid_client', 'invalid_scope']);
});

test('what was asked for before a restart comes to nothing; who waited for it gets what is there after it', async () => {
  const flights: ((answer: FetchedToken | Error) => void)[] = [];
  const { tokens, losses, refreshes, fetches } = source(
    () =>
      new Promise((resolve, reject) => {
        flights.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer)));
      }),
  );
  for (const late of [{ accessToken: 'old' }, new AuthenticationError('no', {}, 'invalid_grant')]) {
    const waiting = tokens.get();
    tokens.restart();
    flights.shift()?.(late);
    await settle();
    flights.shift()?.({ accessToken: 'new' });
    assert.equal(tokenIn(await waiting), 'new');
    assert.equal(tokenIn(tokens.get()), 'new');
    tokens.restart();
  }
  assert.equal(fetches(), 4);
  assert.deepEqual(losses, []);
  assert.ok(refreshes.every(({ error }) => error === undefined));
});

test('a token function that comes back for a token waits for itself, and no longer than it may take', async () => {
  let fetches = 0;
  const { clock, tokens } = source(numbered, {
    obtain: async () => {
      fetches++;
      await tokens.get();
      return obtainedToken({ accessToken: 'token' });
    },
  });
  const failed = assert.rejects(Promise.resolve(tokens.get()), TokenUnavailableError);
  await clock.advance(2_000);
  await failed;
  assert.equal(fetches, 1);
});
