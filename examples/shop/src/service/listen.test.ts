import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import Fastify from 'fastify';
import { listen } from './listen.ts';
import { OperatorError } from './operator-error.ts';

const VARIABLES = { hostVariable: 'SHOP_HOST', portVariable: 'SHOP_PORT' } as const;

function failingWith(code: string): { listen(): Promise<string> } {
  return { listen: () => Promise.reject(Object.assign(new Error('listen failed'), { code })) };
}

test('answers the address it listens on', async (t) => {
  const app = Fastify();
  t.after(() => app.close());
  assert.match(await listen(app, { host: '127.0.0.1', port: 0, ...VARIABLES }), /^http:\/\/127\.0\.0\.1:\d+$/);
});

test('says which port is taken and what to set', async (t) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const app = Fastify();
  t.after(async () => {
    other.close();
    await app.close();
  });
  const address = other.address();
  assert.ok(typeof address === 'object' && address !== null);
  await assert.rejects(
    listen(app, { host: '127.0.0.1', port: address.port, ...VARIABLES }),
    (error) =>
      error instanceof OperatorError &&
      error.message === `port ${address.port} is in use: set SHOP_PORT or stop the other process`,
  );
});

test('says which port needs more rights', async () => {
  await assert.rejects(listen(failingWith('EACCES'), { host: '127.0.0.1', port: 80, ...VARIABLES }), {
    message: 'port 80 needs rights this process does not have: set SHOP_PORT to a port above 1023',
  });
});

test('says which address is not ours', async () => {
  await assert.rejects(listen(failingWith('EADDRNOTAVAIL'), { host: '8.8.8.8', port: 80, ...VARIABLES }), {
    message: "address 8.8.8.8 is not one of this machine's: set SHOP_HOST",
  });
});

test('leaves any other failure as it is', async () => {
  await assert.rejects(listen(failingWith('EMFILE'), { host: '127.0.0.1', port: 80, ...VARIABLES }), {
    code: 'EMFILE',
  });
});
