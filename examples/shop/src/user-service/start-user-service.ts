import type { Logger } from 'pino';
import type { EnvironmentSource } from '../config/environment.ts';
import { systemClock } from '../service/clock.ts';
import { logCrashes } from '../service/crash.ts';
import { listen } from '../service/listen.ts';
import { createLogger } from '../service/logger.ts';
import { Readiness } from '../service/readiness.ts';
import { gracefulShutdown } from '../service/shutdown.ts';
import { buildUserService } from './app.ts';
import { FaultInjector } from './faults.ts';
import { readUserServiceSettings, type UserServiceSettings } from './settings.ts';
import { Tokens } from './tokens.ts';
import type { UserRepository } from './users/repository.ts';
import { seedUsers } from './users/seed.ts';

/** How long a creation may still be repeated under its key. */
const KEY_RETENTION_MS = 24 * 60 * 60 * 1_000;
const KEY_SWEEP_MS = 60 * 60 * 1_000;
/** The same users on every machine, so that one person's curl works for another. */
const SEED = 20_240_101;

/**
 * Environment, database, server, in this order, each with a clear error of its own.
 * Logs `listening` with the URL once requests are answered.
 * @throws OperatorError when something is wrong that whoever starts the process can mend.
 */
export async function startUserService(source: EnvironmentSource): Promise<void> {
  const { values: settings, developmentDefaults } = readUserServiceSettings(source);
  const logger = createLogger({
    service: 'user-service',
    level: settings.logLevel,
    secrets: [settings.clientSecret, settings.signingSecret, passwordIn(settings.databaseUrl)],
  });
  logCrashes(logger);
  if (developmentDefaults.length > 0) {
    logger.warn({ variables: developmentDefaults }, 'public development defaults are in use: set these variables');
  }

  const repository = await openRepository(settings, logger);
  try {
    const seeded = await seedUsers(repository, settings.seedUsers, SEED);
    if (seeded > 0) logger.info({ users: seeded }, 'seeded');

    const readiness = new Readiness();
    const app = buildUserService({
      repository,
      logger,
      readiness,
      tokens: new Tokens({
        clientId: settings.clientId,
        clientSecret: settings.clientSecret,
        signingSecret: settings.signingSecret,
        ttlSeconds: settings.tokenTtlSeconds,
      }),
      faults: settings.faults === 'allow' ? new FaultInjector() : undefined,
    });
    const url = await listen(app, {
      host: settings.host,
      port: settings.port,
      hostVariable: 'USER_SERVICE_HOST',
      portVariable: 'USER_SERVICE_PORT',
    });
    const sweep = sweepKeys(repository, logger);
    gracefulShutdown({
      app,
      readiness,
      logger,
      release: async () => {
        clearInterval(sweep);
        await repository.close();
      },
    });
    logger.info({ url, database: settings.databaseUrl === undefined ? 'sqlite' : 'postgres' }, 'listening');
  } catch (error) {
    // The database holds the event loop open; a process that failed to start must end.
    await repository.close();
    throw error;
  }
}

/**
 * Loads only the driver that is used.
 * @throws CannotOpenDatabaseError
 */
async function openRepository(settings: UserServiceSettings['values'], logger: Logger): Promise<UserRepository> {
  if (settings.databaseUrl === undefined) {
    const { openSqliteUserRepository } = await import('./users/sqlite-user-repository.ts');
    return openSqliteUserRepository(settings.databaseFile);
  }
  const { openPostgresUserRepository } = await import('./users/postgres-user-repository.ts');
  return openPostgresUserRepository(settings.databaseUrl, (error) =>
    logger.warn({ err: error }, 'an idle database connection was lost'),
  );
}

function sweepKeys(repository: UserRepository, logger: Logger): NodeJS.Timeout {
  const sweep = setInterval(() => {
    const before = new Date(systemClock.wallNow() - KEY_RETENTION_MS).toISOString();
    repository.forgetKeys(before).then(
      (forgotten) => logger.debug({ forgotten }, 'old idempotency keys are forgotten'),
      (error: unknown) => logger.warn({ err: error }, 'old idempotency keys could not be forgotten'),
    );
  }, KEY_SWEEP_MS);
  return sweep.unref();
}

/** As it stands in the URL; a password that needs encoding is also hidden by the logger's pattern for URLs. */
function passwordIn(databaseUrl: string | undefined): string {
  return databaseUrl === undefined ? '' : new URL(databaseUrl).password;
}
