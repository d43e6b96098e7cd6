import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { OperatorError } from '../service/operator-error.ts';

export interface ServiceProcessOptions {
  readonly name: string;
  /** The entry, such as `…/user-service/main.ts`. */
  readonly entry: URL;
  readonly env: Readonly<Record<string, string>>;
  /** Where it answers, such as `http://127.0.0.1:8081`. */
  readonly url: string;
  /** Its log goes to this file, in a folder that is there. */
  readonly logFile: string;
}

const startWithinMs = 20_000;
const stopWithinMs = 12_000;
/** As much of what a service said last as helps to see why it ended. */
const lastWordsBytes = 2_000;

/** One service in a process of its own, so that killing it is killing it. */
export class ServiceProcess {
  readonly #options: ServiceProcessOptions;
  readonly #log: WriteStream;
  #child: ChildProcess | undefined;
  #lastWords = '';

  constructor(options: ServiceProcessOptions) {
    this.#options = options;
    this.#log = createWriteStream(options.logFile, { flags: 'a' });
  }

  get url(): string {
    return this.#options.url;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /**
   * Starts it and waits until it is ready.
   * @throws OperatorError with what it said, when it ends before it is ready.
   */
  async start(): Promise<void> {
    const { name, entry, env, url } = this.#options;
    const child = spawn(process.execPath, ['--conditions=@switchgear/source', entry.pathname], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#lastWords = '';
    child.stdout.on('data', (chunk: Buffer) => this.#log.write(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      this.#log.write(chunk);
      this.#lastWords = (this.#lastWords + chunk.toString()).slice(-lastWordsBytes);
    });
    let ended = false;
    child.once('exit', () => {
      ended = true;
      if (this.#child === child) this.#child = undefined;
    });

    const until = Date.now() + startWithinMs;
    while (!(await answers(`${url}/readyz`))) {
      if (ended) throw new OperatorError(this.#lastWords.trim() || `${name} ended before it was ready`);
      if (Date.now() > until) throw new OperatorError(`${name} was not ready within ${startWithinMs / 1000} s`);
      await wait(50);
    }
    // Another process may have answered in its place: then ours has failed to listen and is gone.
    if (ended) throw new OperatorError(this.#lastWords.trim());
  }

  /** `kill -9`: nothing of it gets to run any more. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Asks it to stop, and waits until it has. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => void this.#end('SIGKILL'), stopWithinMs);
    await this.#end('SIGTERM');
    clearTimeout(timer);
  }

  async close(): Promise<void> {
    await this.stop();
    await new Promise<void>((resolve) => this.#log.end(resolve));
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    await exited;
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
