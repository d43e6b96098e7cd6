import type { Readiness } from './readiness.ts';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
type Signal = (typeof SIGNALS)[number];

/** By shell convention a process ended by a signal exits with 128 plus its number. */
const EXIT_CODE_OF: Record<Signal, number> = { SIGINT: 130, SIGTERM: 143 };

/** The part of a process that shutting down touches; a test hands in its own. */
export interface ShutdownProcess {
  on(signal: Signal, run: (signal: Signal) => void): unknown;
  exit(code: number): void;
}

export interface ShutdownLogger {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** What `gracefulShutdown` needs of a fastify instance. */
export interface ClosableServer {
  close(): Promise<unknown>;
  readonly server: { closeAllConnections(): void };
}

export interface ShutdownOptions {
  readonly app: ClosableServer;
  readonly readiness: Readiness;
  readonly logger: ShutdownLogger;
  /** Runs last, when no request can need it any more: closes databases, clients and timers. */
  readonly release: () => Promise<void>;
  /** How long requests in flight may take to finish, in milliseconds. @default 10_000 */
  readonly graceMs?: number;
  /** How long `release` may take, in milliseconds. @default 5_000 */
  readonly releaseMs?: number;
  readonly host?: ShutdownProcess;
}

/**
 * On SIGTERM or SIGINT: stop being ready, stop accepting, let requests in flight finish, release, exit 0.
 * Requests that outlast the grace are cut and the exit code is 1, so that a supervisor can tell the difference.
 * A second signal exits at once.
 */
export function gracefulShutdown(options: ShutdownOptions): void {
  const host: ShutdownProcess = options.host ?? process;
  let stopping = false;
  const onSignal = (signal: Signal): void => {
    if (stopping) {
      options.logger.warn({ signal }, 'asked twice to stop: exiting at once');
      host.exit(EXIT_CODE_OF[signal]);
      return;
    }
    stopping = true;
    options.logger.info({ signal }, 'stopping');
    void stop(options).then((code) => host.exit(code));
  };
  for (const signal of SIGNALS) host.on(signal, onSignal);
}

async function stop(options: ShutdownOptions): Promise<number> {
  const { app, readiness, logger, graceMs = 10_000, releaseMs = 5_000 } = options;
  let code = 0;
  readiness.stop();
  try {
    const closing = app.close();
    if (!(await settlesWithin(closing, graceMs))) {
      logger.warn({ graceMs }, 'requests outlasted the grace and are cut');
      app.server.closeAllConnections();
      await closing;
      code = 1;
    }
  } catch (error) {
    logger.error({ err: error }, 'the server did not close cleanly');
    code = 1;
  }
  try {
    if (!(await settlesWithin(options.release(), releaseMs))) {
      logger.warn({ releaseMs }, 'storage did not close in time');
      code = 1;
    }
  } catch (error) {
    logger.error({ err: error }, 'storage did not close cleanly');
    code = 1;
  }
  logger.info({ code }, 'stopped');
  return code;
}

function settlesWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(false), ms);
    work.then(
      () => {
        clearTimeout(timer);
        resolve(true);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
