import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@switchgear/policy/testing';
import { HostsRig } from '../../test/hosts-rig.ts';
import { ConnectError } from '../errors.ts';
import { mostEjected } from './ejection.ts';
import type { HostAnswer, HostResolver } from './resolver.ts';

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `host-${i}`);

test('never more than half are ejected, whatever fails and whoever comes and goes', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const random = seededRandom(seed);
    const answer = (): HostAnswer => ({
      hosts: names(1 + Math.floor(random() * 9)).map((name) => `http://${name}`),
      ttlMs: 1_000,
    });
    const resolver: HostResolver = { baseUrl: 'http://users', resolve: async () => answer() };
    const rig = new HostsRig(
      resolver,
      { consecutiveFailures: 2, minimumCalls: 5, minimumHosts: 3, intervalMs: 500 },
      seed,
    );
    await rig.send();
    for (let step = 0; step < 400; step++) {
      for (const transport of rig.transports.values()) {
        if (random() > 0.02) continue;
        const failing = random();
        transport.behaviour = async () => {
          if (random() < failing) throw new ConnectError('down', { sent: 'never' });
          return 200;
        };
      }
      await rig.send().catch(() => {});
      rig.clock.freeze(Math.floor(random() * 40));
      const hosts = rig.hosts.snapshot().filter(({ state }) => state !== 'draining');
      const ejected = hosts.filter(({ state }) => state === 'ejected').length;
      assert.ok(ejected <= mostEjected(hosts.length), `seed ${seed}, step ${step}: ${ejected} of ${hosts.length}`);
    }
    const said = rig.log.of('host.ejected');
    assert.ok(said.every(({ ejected, hosts }) => ejected <= mostEjected(hosts)));
  }
});

test('a host that fails now and then, more than the others, is ejected for its success rate', async () => {
  const rig = new HostsRig(names(6), { minimumCalls: 50, consecutiveFailures: 0 });
  const random = seededRandom(3);
  rig.transport('host-4').behaviour = async () => {
    if (random() < 0.4) throw new ConnectError('down', { sent: 'never' });
    return 200;
  };
  await rig.calls(1_100, 10);
  const [first] = rig.log.of('host.ejected');
  assert.deepEqual([first?.host, first?.reason], ['http://host-4', 'success-rate']);
});

test('an interval that nobody called in is not compared', async () => {
  const rig = new HostsRig(names(6), { minimumCalls: 50, consecutiveFailures: 0 });
  const random = seededRandom(3);
  rig.transport('host-4').behaviour = async () => {
    if (random() < 0.6) throw new ConnectError('down', { sent: 'never' });
    return 200;
  };
  await rig.calls(900, 10);
  assert.ok(rig.transport('host-4').sends >= 50);
  rig.clock.freeze(60_000);
  await rig.calls(5);
  assert.deepEqual(rig.log.of('host.ejected'), []);
  // The same a moment earlier would have been: ten seconds are over a second after the last of these.
  await rig.calls(900, 10);
  rig.clock.freeze(1_000);
  await rig.calls(5);
  assert.equal(rig.log.of('host.ejected').length, 1);
});

test('ejections grow while a host stays ill, and are forgotten interval by interval once it is well', async () => {
  const rig = new HostsRig(['a', 'b', 'c'], { ejectMs: 1_000, maxEjectMs: 4_000, intervalMs: 1_000, slowStartMs: 0 });
  const well = rig.transport('a').behaviour;
  rig.transport('a').behaviour = async () => {
    throw new ConnectError('down', { sent: 'never' });
  };
  await rig.calls(4_000, 10);
  const times = rig.log.of('host.ejected').map(({ forMs }) => forMs);
  assert.ok((times[0] as number) <= 1_000);
  assert.ok(times.slice(4).every((ms) => ms > 2_000 && ms <= 4_000));
  const ejections = (): number => rig.hosts.snapshot()[0]?.ejections as number;
  assert.ok(ejections() >= 4);
  rig.transport('a').behaviour = well;
  await rig.calls(4_000, 10);
  assert.equal(ejections(), 0);
});

test('one of two may be ejected, and one alone never is', async () => {
  for (const [count, most] of [
    [2, 1],
    [1, 0],
  ] as const) {
    const rig = new HostsRig(names(count));
    rig.transport('host-0').behaviour = async () => {
      throw new ConnectError('down', { sent: 'never' });
    };
    await rig.calls(30);
    assert.equal(rig.log.of('host.ejected').length, most);
  }
});
