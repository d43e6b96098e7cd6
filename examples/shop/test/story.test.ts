import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';

const entry = fileURLToPath(new URL('../src/start.ts', import.meta.url));

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `npm start`, as a process of its own. */
function startShop(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Run> {
  const child = spawn(process.execPath, ['--conditions=@switchgear/source', entry, ...args], {
    env: { ...process.env, DATABASE_URL: '', ORDER_DATABASE_URL: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })));
}

const ports = async () => ({
  ORDER_SERVICE_PORT: String(await freePort()),
  USER_SERVICE_PORT: String(await freePort()),
});

test('the story ends with every promise kept, plain lines and status 0', async () => {
  const run = await startShop(['--once'], { ...(await ports()), SHOP_STORY_SECONDS: '15' });
  assert.equal(run.code, 0, `${run.out}\n${run.err}`);
  assert.match(run.out, /All promises were kept\.\n$/);
  assert.equal(run.out.match(/✓ kept/g)?.length, 5);
  for (const title of ['healthy', 'slow and failing', 'killed with SIGKILL', 'restarted', 'healthy again']) {
    assert.match(run.out, new RegExp(`user-service: ${title}`));
  }
  assert.match(run.out, /○ open/);
  const killed = run.out.slice(run.out.indexOf('killed with SIGKILL'), run.out.indexOf('user-service: restarted'));
  assert.match(killed, /○ open/, 'the circuit opens while the user-service is dead');
  assert.match(run.out.slice(run.out.indexOf('healthy again')), /● closed/, 'and is closed at the end');
  assert.ok(!run.out.includes('\u001b'), 'no colours where there is no terminal');
});

test('a wrong variable, flag or folder and a port in use are told in words, with status 1', async () => {
  const wrong = await startShop(['--once'], { SHOP_SEED: 'seven', SEED_USERS: '1' });
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /SHOP_SEED: expected an integer from 0 to \d+, got "seven"/);
  assert.match(wrong.err, /SEED_USERS: expected/);

  const flag = await startShop(['--twice'], {});
  assert.equal(flag.code, 1);
  assert.match(flag.err, /--twice/);
  assert.match(flag.err, /--once/);

  const taken = await freePort();
  const other = createServer().listen(taken, '127.0.0.1');
  const busy = await startShop(['--once'], { ...(await ports()), USER_SERVICE_PORT: String(taken) });
  other.close();
  assert.equal(busy.code, 1);
  assert.match(busy.err, new RegExp(`port ${taken} is in use: set USER_SERVICE_PORT`));
  const folder = await startShop(['--once'], { ...(await ports()), SHOP_DATA_DIR: '/proc/no-such-place/data' });
  assert.equal(folder.code, 1);
  assert.match(folder.err, /SHOP_DATA_DIR: expected a folder that can be written to, got \/proc/);
  for (const { err } of [wrong, flag, busy, folder])
    assert.ok(!err.includes('    at '), 'no stack for what an operator can mend');
});
