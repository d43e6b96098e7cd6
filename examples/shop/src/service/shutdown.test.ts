import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Readiness } from './readiness.ts';
import { gracefulShutdown } from './shutdown.ts';

type Signal = 'SIGTERM' | 'SIGINT';

/** A process, a server and a database that write down what is done to them. */
function fakeService(
  t: TestContext,
  overrides: { readonly close?: () => Promise<void>; release?: () => Promise<void> },
) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const steps: string[] = [];
  const readiness = new Readiness();
  const cut = Promise.withResolvers<void>();
  const exited = Promise.withResolvers<number>();
  const handlers = new Map<Signal, (signal: Signal) => void>();
  gracefulShutdown({
    readiness,
    graceMs: 1_000,
    releaseMs: 500,
    logger: { info: () => {}, warn: () => {}, error: () => {} },
    app: {
      close: () => {
        steps.push(readiness.stopping ? 'close while not ready' : 'close while ready');
        return (overrides.close?.() ?? Promise.resolve()).then(() => void steps.push('closed'));
      },
      server: {
        closeAllConnections: () => {
          steps.push('cut');
          cut.resolve();
        },
      },
    },
    release: () => {
      steps.push('release');
      return overrides.release?.() ?? Promise.resolve();
    },
    host: {
      on: (signal, run) => handlers.set(signal, run),
      exit: (code) => {
        steps.push(`exit ${code}`);
        exited.resolve(code);
      },
    },
  });
  return {
    steps,
    cut: cut.promise,
    exited: exited.promise,
    send: (signal: Signal) => handlers.get(signal)?.(signal),
  };
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`turns unready, closes, releases and exits 0 on ${signal}`, async (t) => {
    const service = fakeService(t, {});
    service.send(signal);
    assert.equal(await service.exited, 0);
    assert.deepEqual(service.steps, ['close while not ready', 'closed', 'release', 'exit 0']);
  });
}

test('waits for requests in flight before it releases the database', async (t) => {
  const inFlight = Promise.withResolvers<void>();
  const service = fakeService(t, { close: () => inFlight.promise });
  service.send('SIGTERM');
  assert.deepEqual(service.steps, ['close while not ready']);
  inFlight.resolve();
  assert.equal(await service.exited, 0);
  assert.deepEqual(service.steps.slice(1), ['closed', 'release', 'exit 0']);
});

test('cuts requests that outlast the grace and exits 1', async (t) => {
  const inFlight = Promise.withResolvers<void>();
  const service = fakeService(t, { close: () => inFlight.promise });
  service.send('SIGTERM');
  t.mock.timers.tick(1_000);
  await service.cut;
  inFlight.resolve();
  assert.equal(await service.exited, 1);
  assert.deepEqual(service.steps, ['close while not ready', 'cut', 'closed', 'release', 'exit 1']);
});

test('exits at once on a second signal', async (t) => {
  const service = fakeService(t, { close: () => new Promise(() => {}) });
  service.send('SIGTERM');
  service.send('SIGINT');
  assert.equal(await service.exited, 130);
});

test('still releases when the server does not close cleanly', async (t) => {
  const service = fakeService(t, { close: () => Promise.reject(new Error('close failed')) });
  service.send('SIGTERM');
  assert.equal(await service.exited, 1);
  assert.deepEqual(service.steps, ['close while not ready', 'release', 'exit 1']);
});

test('exits 1 when the database does not close', async (t) => {
  const released = Promise.withResolvers<void>();
  const service = fakeService(t, {
    release: () => {
      released.resolve();
      return new Promise(() => {});
    },
  });
  service.send('SIGTERM');
  await released.promise;
  t.mock.timers.tick(500);
  assert.equal(await service.exited, 1);
});
