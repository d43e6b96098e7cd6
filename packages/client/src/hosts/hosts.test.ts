import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CircuitOpenError } from '@switchgear/policy';
import { seededRandom, settle } from '@switchgear/policy/testing';
import { HostsRig } from '../../test/hosts-rig.ts';
import { ConnectError, DnsError, HttpStatusError, ThrottledError } from '../errors.ts';
import { hostOf } from './failed-host.ts';
import type { Tried } from './hosts.ts';

const refuse = async (): Promise<never> => {
  throw new ConnectError('no connection (ECONNREFUSED)', { sent: 'never', phase: 'connect' });
};

const states = (rig: HostsRig): Record<string, string> =>
  Object.fromEntries(rig.hosts.snapshot().map(({ origin, state }) => [origin.slice('http://'.length), state]));

test('a retry goes to a host that was not tried, and to one again when all were', async () => {
  const rig = new HostsRig(['a', 'b', 'c']);
  for (let i = 0; i < 20; i++) {
    const tried: Tried = [];
    const at = [await rig.send(tried), await rig.send(tried), await rig.send(tried), await rig.send(tried)];
    assert.equal(new Set(at.slice(0, 3)).size, 3);
    assert.ok(['a', 'b', 'c'].includes(at[3] as string));
  }
});

test('what never reached a host is sent to another one at once', async () => {
  const rig = new HostsRig(['a', 'b']);
  rig.usual = refuse;
  const tried: Tried = [];
  const first = await rig.send(tried).catch((error: unknown) => error);
  assert.ok(first instanceof ConnectError);
  assert.deepEqual(first.verdict(), { kind: 'failure', retry: 'now' });
  // And then there is none left, so the next one waits.
  const second = await rig.send(tried).catch((error: unknown) => error);
  assert.deepEqual((second as ConnectError).verdict(), { kind: 'failure', retry: 'backoff' });
});

test('a name that is unknown is asked once, another host all the same', async () => {
  const unknown = (attempts: number) => new DnsError('no such name', 'ENOTFOUND', { attempts, sent: 'never' });
  assert.equal(unknown(1).verdict().retry, 'backoff');
  assert.equal(unknown(2).verdict().retry, 'never');
  const rig = new HostsRig(['a', 'b', 'c']);
  rig.usual = async () => {
    throw unknown(2);
  };
  const tried: Tried = [];
  const errors = [];
  for (let i = 0; i < 3; i++) errors.push(await rig.send(tried).catch((error: DnsError) => error.verdict().retry));
  assert.deepEqual(errors, ['now', 'now', 'never']);
});

test('an error remembers its host', async () => {
  const rig = new HostsRig(['a', 'b']);
  rig.usual = refuse;
  const tried: Tried = [];
  const error = await rig.send(tried).catch((thrown: unknown) => thrown);
  assert.equal(hostOf(error), tried[0]?.name);
  assert.equal(hostOf(new Error('another')), undefined);
  assert.equal(hostOf('text'), undefined);
});

test('one slow host of three gets little, and the others the same', async () => {
  for (const seed of [1, 2, 3]) {
    const rig = new HostsRig(['a', 'b', 'c'], {}, seed);
    const random = seededRandom(seed + 100);
    const answer = (ms: number) => () =>
      new Promise<number>((resolve) => rig.clock.setTimer(ms * (0.5 + random()), () => resolve(200)));
    rig.usual = answer(10);
    rig.transport('c').behaviour = answer(200);
    const calls: Promise<unknown>[] = [];
    for (let i = 0; i < 1_500; i++) {
      calls.push(rig.send());
      await rig.clock.advance(2);
    }
    await rig.clock.advance(1_000);
    await Promise.all(calls);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => rig.transport(name).sends / 1_500) as [number, number, number];
    assert.ok(c < 0.05, `seed ${seed}: the slow one got ${c}`);
    assert.ok(Math.abs(a - b) < 0.15, `seed ${seed}: ${a} and ${b}`);
  }
});

test('a host that hangs is not asked more and more', async () => {
  const rig = new HostsRig(['a', 'b', 'c']);
  rig.transport('c').behaviour = () => new Promise(() => {});
  for (let i = 0; i < 300; i++) {
    void rig.send().catch(() => {});
    await settle();
  }
  assert.ok(rig.transport('c').sends <= 2, `${rig.transport('c').sends}`);
  await rig.clock.advance(1_000);
});

test('failing quickly makes no host look quick', async () => {
  const rig = new HostsRig(['a']);
  rig.usual = () => new Promise((resolve) => rig.clock.setTimer(100, () => resolve(200)));
  const slow = rig.send();
  await rig.clock.advance(100);
  await slow;
  rig.usual = refuse;
  rig.clock.freeze(1_000);
  const before = rig.hosts.snapshot()[0]?.ewmaMs;
  await rig.send().catch(() => {});
  assert.equal(rig.hosts.snapshot()[0]?.ewmaMs, before);
});

test('a dead host of three is ejected after five failures, asked again later, and then once at a time', async () => {
  const rig = new HostsRig(['a', 'b', 'c']);
  rig.transport('a').behaviour = refuse;
  await rig.calls(100);
  assert.equal(rig.transport('a').sends, 5);
  assert.deepEqual(states(rig), { a: 'ejected', b: 'in-service', c: 'in-service' });
  const [ejected] = rig.log.of('host.ejected');
  assert.equal(ejected?.host, 'http://a');
  assert.deepEqual([ejected?.reason, ejected?.ejected, ejected?.hosts], ['consecutive-failures', 1, 3]);
  assert.ok((ejected?.forMs as number) >= 2_500 && (ejected?.forMs as number) <= 5_000);

  await rig.calls(3_000);
  const times = rig.log.of('host.ejected');
  assert.ok(times.length > 2);
  assert.equal(rig.transport('a').sends, 5 + times.length - 1);
  assert.equal(rig.log.of('host.returned').length, times.length - (states(rig).a === 'ejected' ? 1 : 0));
});

test('a host that is well again ramps up and then has its share', async () => {
  const rig = new HostsRig(['a', 'b', 'c']);
  rig.transport('a').behaviour = refuse;
  await rig.calls(100);
  rig.transport('a').behaviour = rig.usual;
  rig.clock.freeze(5_000);
  const ramping = await rig.calls(100, 10);
  assert.equal(states(rig).a, 'ramping');
  // A fifth of the ramp is over at the end, and one of three would be 33.
  assert.ok((ramping.a as number) > 0 && (ramping.a as number) < 25, `${ramping.a}`);
  await rig.calls(400, 10);
  assert.equal(states(rig).a, 'in-service');
  const { a, b, c } = await rig.calls(600, 1);
  for (const share of [a, b, c]) assert.ok((share as number) > 130, `${a} ${b} ${c}`);
});

test('while everything fails alike nobody is ejected for it', async () => {
  const rig = new HostsRig(['a', 'b', 'c']);
  const random = seededRandom(7);
  rig.usual = async () => {
    if (random() < 0.5) throw new HttpStatusError(500, 'by-status', { sent: 'answered' });
    return 200;
  };
  await rig.calls(2_000);
  assert.ok(rig.log.of('host.ejected').length <= 1, `${rig.log.of('host.ejected').length}`);
});

test('calls that were cancelled, throttled or answered with no say nothing against a host', async () => {
  const rig = new HostsRig(['a', 'b', 'c']);
  rig.usual = async () => {
    throw new HttpStatusError(404, 'by-status', { sent: 'answered' });
  };
  await rig.calls(50);
  rig.usual = async () => {
    throw new ThrottledError(429, { sent: 'answered' });
  };
  await rig.calls(50);
  const caller = new AbortController();
  rig.usual = () =>
    new Promise((_, reject) => caller.signal.addEventListener('abort', () => reject(new Error('gone'))));
  const left = Array.from({ length: 30 }, () => rig.send([], { signal: caller.signal }).catch(() => {}));
  await settle();
  caller.abort(new Error('left'));
  await Promise.all(left);
  await settle();
  assert.deepEqual(rig.log.of('host.ejected'), []);
  for (const { inFlight, consecutiveFailures, breaker } of rig.hosts.snapshot()) {
    assert.deepEqual([inFlight, consecutiveFailures, breaker.failures], [0, 0, 0]);
  }
});

test('when no host in service takes calls, the ejected one is asked, and that is said once', async () => {
  const rig = new HostsRig(['a', 'b', 'c'], { ejectMs: 600_000, maxEjectMs: 600_000 });
  rig.transport('a').behaviour = refuse;
  await rig.calls(50, 1);
  assert.equal(states(rig).a, 'ejected');
  rig.usual = refuse;
  await rig.calls(60, 1);
  assert.deepEqual(
    rig.hosts.snapshot().map(({ breaker }) => breaker.state),
    ['open', 'open', 'open'],
  );
  const panics = rig.log.of('hosts.panicked');
  assert.deepEqual(
    panics.map(({ hosts, ejected }) => [hosts, ejected]),
    [[3, 1]],
  );
  assert.equal(rig.transport('a').sends, 20);
});

test('when the breaker of every host refuses, the call is refused with the shortest wait', async () => {
  const rig = new HostsRig(['a', 'b']);
  rig.usual = refuse;
  await rig.calls(60, 1);
  const sends = rig.transport('a').sends + rig.transport('b').sends;
  const error = await rig.send().catch((thrown: unknown) => thrown);
  assert.ok(error instanceof CircuitOpenError);
  const waits = rig.hosts.snapshot().map(({ breaker }) => breaker.openForMs);
  assert.equal(error.retryAfterMs, Math.min(...waits));
  assert.equal(rig.transport('a').sends + rig.transport('b').sends, sends);
  assert.equal(rig.log.of('call.refused').length > 0, true);

  // And the first breaker to let a probe through is found by the next call.
  rig.usual = async () => 200;
  rig.clock.freeze(Math.min(...waits));
  await rig.send();
});

test('a host whose breaker refuses is passed over without a word while another takes the call', async () => {
  const rig = new HostsRig(['a', 'b'], { consecutiveFailures: 0 });
  rig.transport('a').behaviour = refuse;
  await rig.calls(200, 1);
  assert.equal(rig.hosts.snapshot()[0]?.breaker.state, 'open');
  const before = rig.transport('b').sends;
  await rig.calls(50, 1);
  assert.equal(rig.transport('b').sends, before + 50);
  assert.deepEqual(rig.log.of('call.refused'), []);
});

test('explains and describes each host', async () => {
  const rig = new HostsRig(['a', 'b', 'c']);
  rig.transport('a').behaviour = refuse;
  await rig.calls(40);
  assert.match(rig.hosts.explain(), /^http:\/\/a: ejected for another \d+ ms \(1 in a row\), 0 in flight, /m);
  assert.match(rig.hosts.explain(), /^http:\/\/b: in-service, 0 in flight, /m);
  assert.match(rig.hosts.describe(), /^http:\/\/a, http:\/\/b, http:\/\/c; /);
});

test('close closes the connections of every host', async () => {
  const rig = new HostsRig(['a', 'b']);
  await rig.send();
  await rig.hosts.close();
  assert.deepEqual(
    [...rig.transports.values()].map(({ closed }) => closed),
    [true, true],
  );
});
