import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Choose, explore, ManualClock, settle } from '@switchgear/policy/testing';
import { aCall } from '../../test/a-call.ts';
import { obtainedToken } from './bearer-token.ts';
import type { Grant } from './credential.ts';
import { type Obtained, TokenSource } from './token-source.ts';

/*
 * Every way in which up to three calls and six steps can interleave: a call that needs a token, one that was answered
 * with 401, one that leaves, a request for a token that ends well or badly, time that passes. After each step either
 * everything that is ready happens, or nothing does before the next one. What must hold, whatever the order:
 *
 * - one request for a token is under way at a time, and none is begun while a failure cools down
 * - a 401 for an older token begins none
 * - a failure is told to those who waited for that request, and to no one who came later
 * - who leaves hears their own reason, and ends no one else's wait; the last one who leaves ends the request
 */

interface Caller {
  readonly controller: AbortController;
  readonly needs: 'token' | 'newer';
  /** The request for a token that was under way once it waited; 0 when it did not have to. */
  flight: number;
  /** Whether it has left; it hears that a little later. */
  gone: boolean;
  fate: string;
  grant: Grant | undefined;
}

interface Flight {
  readonly resolve: (obtained: Obtained) => void;
  readonly reject: (error: Error) => void;
  over: boolean;
}

const coolDownMs = 100;
const most = { calls: 3, steps: 6 };

async function walk(choose: Choose): Promise<void> {
  const clock = new ManualClock();
  const flights: Flight[] = [];
  const callers: Caller[] = [];
  let coolUntil = -1;
  const source = new TokenSource(
    {
      obtain: (call) =>
        new Promise((resolve, reject) => {
          assert.ok(
            flights.every(({ over }) => over),
            'two requests for a token at a time',
          );
          assert.ok(clock.now() >= coolUntil, 'a request during the cool-down');
          const flight: Flight = { resolve, reject, over: false };
          flights.push(flight);
          call.onCancel((reason) => {
            flight.over = true;
            reject(reason);
          });
        }),
      timeoutMs: 10_000,
      coolDownMs,
      abandonable: true,
    },
    { clock, random: () => 0 },
  );
  const asker = { onRefresh() {}, onLost() {} };
  let newest: Grant | undefined;

  const begin = (needs: Caller['needs'], refused?: Grant): void => {
    const caller: Caller = {
      controller: new AbortController(),
      needs,
      flight: 0,
      gone: false,
      fate: 'waiting',
      grant: undefined,
    };
    callers.push(caller);
    const before = flights.length;
    const call = aCall(caller.controller.signal);
    const answer = refused === undefined ? source.get(call, asker) : source.renew(refused, {}, call, asker);
    if (refused !== undefined && newest !== undefined && refused.generation < newest.generation) {
      assert.equal(flights.length, before, 'a 401 for an older token asked for another one');
    }
    const flying = flights.findIndex(({ over }) => !over) + 1;
    if (!(answer instanceof Promise)) {
      caller.fate = 'granted';
      caller.grant = answer;
      return;
    }
    caller.flight = flying;
    answer.then(
      (grant) => {
        caller.fate = grant === undefined ? 'stands' : 'granted';
        caller.grant = grant;
        if (grant !== undefined && grant.generation > (newest?.generation ?? 0)) newest = grant;
      },
      (error: unknown) => {
        const { cause } = error as { cause?: unknown };
        caller.fate = error === `left ${callers.indexOf(caller)}` ? 'left' : String(cause);
      },
    );
  };

  for (let step = 0; step < most.steps; step++) {
    const waiting = callers.filter(({ fate, gone }) => fate === 'waiting' && !gone);
    const flying = flights.find(({ over }) => !over);
    const granted = callers.filter(({ grant }) => grant !== undefined).slice(0, 1);
    const steps: string[] = ['end'];
    if (callers.length < most.calls) steps.push('need', ...granted.map(() => '401'));
    if (flying !== undefined) steps.push('ok', 'error');
    for (const caller of waiting.slice(0, 2)) steps.push(`leave ${callers.indexOf(caller)}`);
    if (clock.now() < coolUntil) steps.push('cool');
    const taken = choose(steps);
    if (taken === 'end') break;
    if (taken === 'need') begin('token');
    else if (taken === '401') begin('newer', granted[0]?.grant);
    else if (taken === 'cool') await clock.advance(coolUntil - clock.now());
    else if (taken.startsWith('leave')) {
      const caller = callers[Number(taken.slice(6))] as Caller;
      const others = waiting.filter((one) => one !== caller && one.flight === caller.flight);
      const flight = flights[caller.flight - 1];
      const wasFlying = flight?.over === false;
      caller.gone = true;
      caller.controller.abort(`left ${callers.indexOf(caller)}`);
      if (wasFlying) assert.equal(flight?.over, others.length === 0, 'the last one, and no other, ends the request');
    } else if (flying !== undefined) {
      flying.over = true;
      const n = flights.indexOf(flying) + 1;
      if (taken === 'ok') flying.resolve(obtainedToken({ accessToken: `t${n}` }));
      else {
        flying.reject(new Error(`down ${n}`));
        coolUntil = clock.now() + coolDownMs;
      }
    }
    // A call that begins has set nothing in motion that another step could come before.
    if (taken === 'need' || choose([true, false])) await settle();
  }

  await settle();
  for (const [i, { flight, fate, gone }] of callers.entries()) {
    if (fate === 'waiting') assert.equal(flights[flight - 1]?.over, false, `call ${i} waits for nothing`);
    if (fate === 'left') assert.ok(gone, `call ${i} was told that it left`);
    // What a call hears is of the request that it waited for; one that found none under way hears of the latest failure.
    const failed = /down (\d+)/.exec(fate)?.[1];
    if (failed !== undefined && flight > 0) assert.equal(Number(failed), flight, `call ${i} heard of another request`);
  }
  for (const flight of flights) if (!flight.over) flight.reject(new Error('over'));
  await settle();
  assert.ok(callers.every(({ fate }) => fate !== 'waiting'));
  await clock.advance(20_000);
  assert.equal(clock.pending, 0, 'a timer was left');
}

test('keeps its promises however calls, leavers, 401s and answers interleave', async () => {
  const ways = await explore(walk);
  assert.ok(ways > 1_000, `${ways} ways`);
});
