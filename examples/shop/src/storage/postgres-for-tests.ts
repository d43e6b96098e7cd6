import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { Client } from 'pg';

export interface RunningPostgres {
  readonly kind: 'running';
  /** Makes an empty database and answers its URL, so that tests on one server do not meet. */
  createDatabase(): Promise<string>;
  /** Stops the server and removes everything it wrote. */
  stop(): Promise<void>;
}

export interface UnavailablePostgres {
  readonly kind: 'unavailable';
  /** Why there is no server, in words. */
  readonly reason: string;
}

/** Debian and Homebrew keep the server's programs off PATH, one folder per version. */
const VERSION_FOLDERS = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt'];
const START_TIMEOUT_MS = 60_000;
const USER = 'shop';

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Starts a private PostgreSQL on a free loopback port, with its data in a temporary folder and a random password.
 * Answers a reason, and does not throw, when this machine has no server programs or they will not run.
 */
export async function startPostgresForTests(): Promise<RunningPostgres | UnavailablePostgres> {
  const programs = findPrograms();
  if (programs === undefined) {
    return unavailable('initdb and postgres are neither on PATH nor in /usr/lib/postgresql/*/bin');
  }
  const account = process.geteuid?.() === 0 ? unprivilegedAccount() : undefined;
  if (account === 'none') {
    return unavailable('PostgreSQL refuses to run as root, and this machine has no user postgres or nobody');
  }
  const folder = mkdtempSync(join(tmpdir(), 'shop-postgres-'));
  const remove = (): void => removeFolder(folder);
  try {
    chmodSync(folder, 0o700);
    const password = randomBytes(16).toString('hex');
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (account !== undefined) {
      chownSync(folder, account.uid, account.gid);
      chownSync(passwordFile, account.uid, account.gid);
    }
    const data = join(folder, 'data');
    await runToEnd(
      join(programs, 'initdb'),
      ['-D', data, '-U', USER, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C', '-N'],
      folder,
      account,
    );
    return await startServer({ program: join(programs, 'postgres'), data, folder, password, account, remove });
  } catch (error) {
    remove();
    return unavailable(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Skips the test with its reason, or fails it: on CI a missing PostgreSQL means that half of the promise went
 * unchecked, unless `SWITCHGEAR_ALLOW_SKIP=1` says that this is known.
 */
export function skipWithoutPostgres(
  t: Pick<TestContext, 'skip'>,
  { reason }: UnavailablePostgres,
  env: NodeJS.ProcessEnv = process.env,
): void {
  if (env.CI === 'true' && env.SWITCHGEAR_ALLOW_SKIP !== '1') {
    throw new Error(`PostgreSQL is missing on CI: ${reason}. Install it, or set SWITCHGEAR_ALLOW_SKIP=1.`);
  }
  t.skip(`PostgreSQL was not tested: ${reason}`);
}

interface ServerParts {
  readonly program: string;
  readonly data: string;
  readonly folder: string;
  readonly password: string;
  readonly account: Account | undefined;
  readonly remove: () => void;
}

async function startServer(parts: ServerParts): Promise<RunningPostgres> {
  const port = await freePort();
  const server = spawn(
    parts.program,
    [
      ...['-D', parts.data, '-p', String(port)],
      ...['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${parts.folder}`],
      // The tests kill services, never this server, so its disk need not be waited for.
      ...['-c', 'fsync=off', '-c', 'full_page_writes=off', '-c', 'max_connections=40', '-c', 'shared_buffers=16MB'],
    ],
    { cwd: parts.folder, env: quietEnvironment(), stdio: ['ignore', 'ignore', 'pipe'], ...parts.account },
  );
  // A test run that is broken off must not leave a server behind.
  const onExit = (): void => {
    server.kill('SIGQUIT');
    parts.remove();
  };
  process.once('exit', onExit);
  try {
    await becomesReady(server);
  } catch (error) {
    process.off('exit', onExit);
    server.kill('SIGQUIT');
    throw error;
  }
  // The server must not keep the test process alive by itself.
  server.unref();
  let databases = 0;
  const urlOf = (database: string): string => `postgres://${USER}:${parts.password}@127.0.0.1:${port}/${database}`;
  return {
    kind: 'running',
    createDatabase: async () => {
      databases += 1;
      const name = `test_${databases}`;
      const client = new Client({ connectionString: urlOf('postgres') });
      await client.connect();
      try {
        await client.query(`CREATE DATABASE ${name}`);
      } finally {
        await client.end();
      }
      return urlOf(name);
    },
    stop: async () => {
      process.off('exit', onExit);
      if (server.exitCode === null) {
        server.ref();
        const ended = new Promise((resolve) => server.once('exit', resolve));
        // SIGINT is PostgreSQL's fast shutdown: it disconnects clients instead of waiting for them.
        server.kill('SIGINT');
        await ended;
      }
      parts.remove();
    },
  };
}

/** Tries again for a second, because a server that was just told to quit still deletes files of its own meanwhile. */
function removeFolder(folder: string): void {
  const nap = new Int32Array(new SharedArrayBuffer(4));
  for (let tries = 0; tries < 40 && existsSync(folder); tries += 1) {
    if (tries > 0) Atomics.wait(nap, 0, 0, 25);
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // Something was written into it in between.
    }
  }
}

function becomesReady(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = '';
    const timer = setTimeout(
      () => reject(new Error(`postgres was not ready in ${START_TIMEOUT_MS} ms: ${log}`)),
      START_TIMEOUT_MS,
    );
    const settle = (run: () => void): void => {
      clearTimeout(timer);
      run();
    };
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      // Kept short: once the server runs, its log is only drained.
      log = (log + text).slice(-2_000);
      if (log.includes('ready to accept connections')) settle(resolve);
    });
    server.once('error', (error) => settle(() => reject(error)));
    server.once('exit', (code) => settle(() => reject(new Error(`postgres ended with code ${code}: ${log.trim()}`))));
  });
}

function runToEnd(program: string, args: readonly string[], cwd: string, account: Account | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: quietEnvironment(),
      stdio: ['ignore', 'ignore', 'pipe'],
      ...account,
    });
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-2_000);
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with code ${code}: ${log.trim()}`));
    });
  });
}

/** Nothing of the developer's own PostgreSQL settings, and messages in the language that is looked for. */
function quietEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' };
}

function findPrograms(): string | undefined {
  const onPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const versioned = VERSION_FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) =>
    readdirSync(folder)
      .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
      .map((version) => join(folder, version, 'bin')),
  );
  return [...versioned, ...onPath].find((folder) =>
    ['initdb', 'postgres'].every((program) => existsSync(join(folder, program))),
  );
}

/** Root may become anybody, and PostgreSQL insists that it does. */
function unprivilegedAccount(): Account | 'none' {
  for (const name of ['postgres', 'nobody']) {
    try {
      const idOf = (flag: string): number => Number(execFileSync('id', [flag, name], { stdio: 'pipe' }).toString());
      return { uid: idOf('-u'), gid: idOf('-g') };
    } catch {
      // No such user: try the next.
    }
  }
  return 'none';
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('the probe has no port'));
        else resolve(address.port);
      });
    });
  });
}

function unavailable(reason: string): UnavailablePostgres {
  return { kind: 'unavailable', reason };
}
