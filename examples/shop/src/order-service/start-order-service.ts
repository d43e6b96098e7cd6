import { logEvents } from '@switchgear/client/log';
import type { Logger } from 'pino';
import type { EnvironmentSource } from '../config/environment.ts';
import { logCrashes } from '../service/crash.ts';
import { listen } from '../service/listen.ts';
import { createLogger } from '../service/logger.ts';
import { Readiness } from '../service/readiness.ts';
import { gracefulShutdown } from '../service/shutdown.ts';
import { buildOrderService } from './app.ts';
import type { OrderRepository } from './orders/repository.ts';
import { type OrderServiceSettings, readOrderServiceSettings } from './settings.ts';
import { createUserServiceClient } from './users/user-service-client.ts';

/**
 * Environment, database, user-service client, server, in this order, each with a clear error of its own.
 * Logs `listening` with the URL once requests are answered.
 * @throws OperatorError when something is wrong that whoever starts the process can mend.
 */
export async function startOrderService(source: EnvironmentSource): Promise<void> {
  const settings = readOrderServiceSettings(source);
  const { developmentDefaults, clientId, clientSecret } = settings;
  const logger = createLogger({
    service: 'order-service',
    level: settings.logLevel,
    secrets: [clientSecret, passwordIn(settings.databaseUrl)],
  });
  logCrashes(logger);
  if (developmentDefaults.length > 0) {
    logger.warn({ variables: developmentDefaults }, 'public development defaults are in use: set these variables');
  }

  const orders = await openRepository(settings, logger);
  const users = createUserServiceClient(settings.userService, { clientId, clientSecret });
  logEvents(users.controls, logger);
  // In this order: the client lets calls under way end, and what they were for may still want the database.
  const release = async (): Promise<void> => {
    await users.controls.close();
    await orders.close();
  };
  try {
    const readiness = new Readiness();
    const app = buildOrderService({ orders, users, logger, readiness, directory: settings.directory });
    const url = await listen(app, {
      host: settings.host,
      port: settings.port,
      hostVariable: 'ORDER_SERVICE_HOST',
      portVariable: 'ORDER_SERVICE_PORT',
    });
    gracefulShutdown({
      app,
      readiness,
      logger,
      release,
      // An order in flight may wait for its user as long as a call may take, and has to be stored after that.
      graceMs: Math.max(10_000, users.deadlineMs + 2_000),
    });
    logger.info(
      { url, database: settings.databaseUrl === undefined ? 'sqlite' : 'postgres', calls: users.controls.describe() },
      'listening',
    );
  } catch (error) {
    // The database holds the event loop open; a process that failed to start must end.
    await release();
    throw error;
  }
}

/**
 * Loads only the driver that is used.
 * @throws CannotOpenDatabaseError
 */
async function openRepository(settings: OrderServiceSettings, logger: Logger): Promise<OrderRepository> {
  if (settings.databaseUrl === undefined) {
    const { openSqliteOrderRepository } = await import('./orders/sqlite-order-repository.ts');
    return openSqliteOrderRepository(settings.databaseFile);
  }
  const { openPostgresOrderRepository } = await import('./orders/postgres-order-repository.ts');
  return openPostgresOrderRepository(settings.databaseUrl, (error) =>
    logger.warn({ err: error }, 'an idle database connection was lost'),
  );
}

/** As it stands in the URL; a password that needs encoding is also hidden by the logger's pattern for URLs. */
function passwordIn(databaseUrl: string | undefined): string {
  return databaseUrl === undefined ? '' : new URL(databaseUrl).password;
}
