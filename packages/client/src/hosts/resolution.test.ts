import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { test } from 'node:test';
import { settle } from '@switchgear/policy/testing';
import { HostsRig } from '../../test/hosts-rig.ts';
import { DnsError } from '../errors.ts';
import type { HostAnswer, HostResolver } from './resolver.ts';

/** A resolver that answers what a test says, and counts. */
class ScriptedResolver implements HostResolver {
  readonly baseUrl = 'http://users';
  asked = 0;
  signal: AbortSignal | undefined;
  answer: () => Promise<HostAnswer>;

  constructor(answer: () => Promise<HostAnswer>) {
    this.answer = answer;
  }

  resolve(signal: AbortSignal): Promise<HostAnswer> {
    this.asked++;
    this.signal = signal;
    return this.answer();
  }
}

const hosts =
  (...names: string[]): (() => Promise<HostAnswer>) =>
  async () => ({
    hosts: names.map((name) => `http://${name}`),
    ttlMs: 10_000,
  });

const down = (code: string) => async (): Promise<never> => {
  throw Object.assign(new Error('down'), { code });
};

const origins = (rig: HostsRig): string[] => rig.hosts.snapshot().map(({ origin, state }) => `${origin} ${state}`);

test('asks nothing until the first call, and then once for all that wait', async () => {
  const resolver = new ScriptedResolver(hosts('a', 'b'));
  const rig = new HostsRig(resolver);
  assert.equal(resolver.asked, 0);
  assert.match(rig.hosts.explain(), /no host is known yet/);
  await Promise.all(Array.from({ length: 20 }, () => rig.send()));
  assert.equal(resolver.asked, 1);
  const [resolved] = rig.log.of('hosts.resolved');
  assert.deepEqual([resolved?.ok, resolved?.hosts, resolved?.added], [true, 2, ['http://a', 'http://b']]);
});

test('asks anew when the answer is too old, in the background, and not while nobody calls', async () => {
  const resolver = new ScriptedResolver(hosts('a'));
  const rig = new HostsRig(resolver);
  await rig.send();
  await rig.clock.advance(8_999);
  await rig.send();
  assert.equal(resolver.asked, 1);
  await rig.clock.advance(600_000);
  assert.equal(resolver.asked, 1);
  assert.equal(rig.clock.pending, 0);

  let answer = (_: HostAnswer): void => {};
  resolver.answer = () => new Promise((resolve) => (answer = resolve));
  assert.equal(await rig.send(), 'a');
  assert.equal(await rig.send(), 'a');
  assert.equal(resolver.asked, 2);
  answer(await hosts('b')());
  await settle();
  assert.equal(await rig.send(), 'b');
});

test('an answer that is to hold for no time at all holds for a second', async () => {
  const resolver = new ScriptedResolver(async () => ({ ...(await hosts('a')()), ttlMs: 0 }));
  const rig = new HostsRig(resolver);
  await rig.send();
  await rig.calls(80, 10);
  assert.equal(resolver.asked, 1);
  await rig.calls(80, 10);
  await settle();
  assert.equal(resolver.asked, 2);
});

test('a failure leaves the hosts as they are, and is not repeated at once', async () => {
  const resolver = new ScriptedResolver(hosts('a', 'b'));
  const rig = new HostsRig(resolver);
  await rig.send();
  for (const failing of [down('EAI_AGAIN'), hosts(), async () => 'nonsense' as never, hosts('https://x')]) {
    resolver.answer = failing;
    rig.clock.freeze(60_000);
    const { asked } = resolver;
    for (let i = 0; i < 10; i++) {
      await rig.send();
      await settle();
    }
    assert.equal(resolver.asked, asked + 1);
    assert.deepEqual(origins(rig), ['http://a in-service', 'http://b in-service']);
  }
  assert.equal(rig.log.of('hosts.resolved').filter(({ ok }) => !ok).length, 4);
});

test('without a single host the call fails, as a name that was not resolved, and soon asks again', async () => {
  const resolver = new ScriptedResolver(down('EAI_AGAIN'));
  const rig = new HostsRig(resolver);
  for (let i = 0; i < 5; i++) {
    const error = await rig.send().catch((thrown: unknown) => thrown);
    assert.ok(error instanceof DnsError);
    assert.deepEqual([error.reason, error.sent, error.phase, error.target], ['EAI_AGAIN', 'never', 'dns', 'users']);
    assert.equal(error.verdict().retry, 'backoff');
  }
  assert.equal(resolver.asked, 1);
  rig.clock.freeze(100);
  resolver.answer = hosts('a');
  assert.equal(await rig.send(), 'a');
});

test('a call waits for the first hosts no longer than its attempt may take, and a hung question is given up', async () => {
  const resolver = new ScriptedResolver(() => new Promise(() => {}));
  const rig = new HostsRig(resolver);
  const failed = assert.rejects(rig.send(), { code: 'SWITCHGEAR_ATTEMPT_TIMEOUT', phase: 'dns', sent: 'never' });
  await rig.clock.advance(1_000);
  await failed;
  const again = assert.rejects(rig.send(), { code: 'SWITCHGEAR_ATTEMPT_TIMEOUT' });
  await rig.clock.advance(1_000);
  await again;
  assert.equal(resolver.asked, 1);
  assert.equal(resolver.signal?.aborted, false);

  const first = resolver.signal;
  await rig.clock.advance(3_000);
  resolver.answer = hosts('a');
  assert.equal(await rig.send(), 'a');
  assert.equal(first?.aborted, true);
  assert.equal(resolver.asked, 2);
  const [gaveUp, found] = rig.log.of('hosts.resolved');
  assert.deepEqual(
    [gaveUp?.ok, (gaveUp?.error as { code?: string } | undefined)?.code, found?.ok],
    [false, 'ETIMEOUT', true],
  );
  await rig.clock.advance(2_000);
  assert.equal(rig.clock.pending, 0);
});

test('a caller who leaves while hosts are looked for leaves at once, and the question goes on', async () => {
  let answer = (_: HostAnswer): void => {};
  const resolver = new ScriptedResolver(() => new Promise((resolve) => (answer = resolve)));
  const rig = new HostsRig(resolver);
  const caller = new AbortController();
  const left = assert.rejects(rig.send([], { signal: caller.signal }), (error) => error === 'left');
  const stays = rig.send();
  await settle();
  caller.abort('left');
  await left;
  answer(await hosts('a')());
  assert.equal(await stays, 'a');
  assert.equal(resolver.asked, 1);
});

test('a host that cannot be connected to makes the hosts be asked for before their time, not at every failure', async () => {
  const resolver = new ScriptedResolver(async () => ({ ...(await hosts('a', 'b')()), ttlMs: 600_000 }));
  const rig = new HostsRig(resolver);
  await rig.send();
  rig.usual = async () => {
    throw new DnsError('gone', 'EAI_AGAIN', { sent: 'never' });
  };
  await rig.calls(10, 100);
  await settle();
  assert.equal(resolver.asked, 1);
  await rig.calls(100, 100);
  await settle();
  assert.equal(resolver.asked, 3);

  // And while the resolver fails too, its own wait holds: 0.1, 0.2, 0.4 … s, or half of that by chance.
  resolver.answer = down('EAI_AGAIN');
  await rig.calls(100, 100);
  await settle();
  assert.ok(resolver.asked > 3 && resolver.asked <= 13, `${resolver.asked}`);
});

test('a removed host ends its calls, and then its connections are closed', async () => {
  const resolver = new ScriptedResolver(hosts('a'));
  const rig = new HostsRig(resolver);
  await rig.send();
  const answers: ((status: number) => void)[] = [];
  rig.transport('a').behaviour = () => new Promise((resolve) => answers.push(resolve));
  resolver.answer = hosts('b');
  rig.clock.freeze(10_000);
  // Those that ask for the hosts anew go to one of the old.
  const underWay = [rig.send(), rig.send()];
  await settle();
  assert.equal(await rig.send(), 'b');
  assert.deepEqual(origins(rig), ['http://b ramping', 'http://a draining']);
  assert.equal(rig.transport('a').closed, false);
  assert.deepEqual(rig.log.of('hosts.resolved').at(-1)?.removed, ['http://a']);
  answers[0]?.(200);
  assert.equal(await underWay[0], 'a');
  assert.equal(rig.transport('a').closed, false);
  answers[1]?.(200);
  assert.equal(await underWay[1], 'a');
  assert.equal(rig.transport('a').closed, true);
  assert.deepEqual(origins(rig), ['http://b ramping']);
});

test('a host that comes back while it ends its calls is the same one', async () => {
  const resolver = new ScriptedResolver(hosts('a', 'b'));
  const rig = new HostsRig(resolver);
  await rig.send();
  const transport = rig.transport('a');
  let answer = (_: number): void => {};
  rig.transport('b').behaviour = () => new Promise(() => {});
  transport.behaviour = () => new Promise((resolve) => (answer = resolve));
  const tried = [...Array(2)].map(() => rig.send().catch(() => {}));
  while (transport.inFlight === 0) {
    tried.push(rig.send().catch(() => {}));
    await settle();
  }
  for (const next of [hosts('b'), hosts('a', 'b')]) {
    resolver.answer = next;
    rig.clock.freeze(10_000);
    tried.push(rig.send().catch(() => {}));
    await settle();
  }
  assert.equal(rig.transport('a'), transport);
  answer(200);
  await rig.clock.advance(60_000);
  await Promise.all(tried);
  assert.equal(transport.closed, false);
});

test('a resolver is asked in the context of no call', async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const resolver = new ScriptedResolver(async () => {
    seen.push(storage.getStore());
    return hosts('a')();
  });
  const rig = new HostsRig(resolver);
  await storage.run('a call', () => rig.send());
  rig.clock.freeze(60_000);
  await storage.run('another call', () => rig.send());
  await settle();
  assert.deepEqual(seen, [undefined, undefined]);
});

test('a closed set asks nothing more and takes no answer', async () => {
  const resolver = new ScriptedResolver(hosts('a'));
  const rig = new HostsRig(resolver);
  await rig.send();
  let answer = (_: HostAnswer): void => {};
  resolver.answer = () => new Promise((resolve) => (answer = resolve));
  rig.clock.freeze(60_000);
  await rig.send();
  await rig.hosts.close();
  assert.equal(resolver.signal?.aborted, true);
  answer(await hosts('b')());
  await settle();
  assert.deepEqual(origins(rig), ['http://a in-service']);
  assert.ok(!rig.transports.has('b'));
});

test('a lower priority is asked when no higher one is in service', async () => {
  const resolver: HostResolver = {
    baseUrl: 'http://users',
    resolve: async () => ({
      hosts: [
        { origin: 'http://first', priority: 1 },
        { origin: 'http://second', priority: 2 },
      ],
    }),
  };
  const rig = new HostsRig(resolver);
  await rig.send();
  assert.deepEqual(await rig.calls(20), { first: 20, second: 0 });
  rig.transport('first').behaviour = down('ECONNREFUSED');
  const { second } = await rig.calls(100);
  assert.equal(second, 95);
});

test('hosts of one priority are asked by weight', async () => {
  const resolver: HostResolver = {
    baseUrl: 'http://users',
    resolve: async () => ({ hosts: [{ origin: 'http://big', weight: 3 }, 'http://small'], ttlMs: 3_600_000 }),
  };
  const rig = new HostsRig(resolver);
  await rig.send();
  const { big, small } = await rig.calls(2_000, 1);
  assert.ok(Math.abs((big as number) - 1_500) < 100, `${big} to ${small}`);
});
