import { DEVELOPMENT_CLIENT } from '../config/development-client.ts';
import {
  EnvironmentError,
  type EnvironmentSource,
  type EnvironmentValues,
  integer,
  oneOf,
  optional,
  readEnvironment,
  secret,
  text,
  url,
} from '../config/environment.ts';
import { LOG_LEVELS } from '../service/logger.ts';
import type { UserDirectoryOptions } from './users/user-directory.ts';
import {
  toClientOptions,
  USER_SERVICE_DEFAULTS,
  type UserServiceClientConfig,
  UserServiceConfigError,
} from './users/user-service-config.ts';

const { timeout, retryAttempts, retryDelay, circuitBreakerThreshold, circuitBreakerTimeout } = USER_SERVICE_DEFAULTS;
const DATABASE_SCHEMES = ['postgres', 'postgresql'];

const VARIABLES = {
  host: text('ORDER_SERVICE_HOST', { default: '127.0.0.1' }),
  port: integer('ORDER_SERVICE_PORT', { min: 0, max: 65_535, default: 8080 }),
  databaseFile: text('ORDER_DATABASE_FILE', { default: '.data/orders.sqlite' }),
  orderDatabaseUrl: optional(url('ORDER_DATABASE_URL', { schemes: DATABASE_SCHEMES })),
  sharedDatabaseUrl: optional(url('DATABASE_URL', { schemes: DATABASE_SCHEMES })),
  clientId: text('OAUTH_CLIENT_ID', { default: DEVELOPMENT_CLIENT.id }),
  clientSecret: secret('OAUTH_CLIENT_SECRET', { minBytes: 16, developmentDefault: DEVELOPMENT_CLIENT.secret }),
  logLevel: oneOf('LOG_LEVEL', LOG_LEVELS, { default: 'info' }),
  baseUrl: url('USER_SERVICE_URL', { schemes: ['http', 'https'], default: 'http://127.0.0.1:8081' }),
  timeout: integer('USER_SERVICE_TIMEOUT_MS', { min: 1, max: 60_000, default: timeout }),
  retryAttempts: integer('USER_SERVICE_RETRY_ATTEMPTS', { min: 0, max: 5, default: retryAttempts }),
  retryDelay: integer('USER_SERVICE_RETRY_DELAY_MS', { min: 1, max: 30_000, default: retryDelay }),
  circuitBreakerThreshold: integer('USER_SERVICE_CIRCUIT_BREAKER_THRESHOLD', {
    min: 1,
    max: 100,
    default: circuitBreakerThreshold,
  }),
  circuitBreakerTimeout: integer('USER_SERVICE_CIRCUIT_BREAKER_TIMEOUT_MS', {
    min: 1,
    max: 600_000,
    default: circuitBreakerTimeout,
  }),
  freshSeconds: integer('USER_FRESH_SECONDS', { min: 0, max: 86_400, default: 300 }),
  staleSeconds: integer('USER_STALE_SECONDS', { min: 0, max: 604_800, default: 3_600 }),
} as const;

/** Which variable holds which setting of the client. */
const VARIABLE_OF: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(VARIABLES).map(([setting, { name }]) => [setting, name]),
);

export interface OrderServiceSettings
  extends Pick<EnvironmentValues<typeof VARIABLES>['values'], 'host' | 'port' | 'databaseFile' | 'logLevel'>,
    Pick<EnvironmentValues<typeof VARIABLES>['values'], 'clientId' | 'clientSecret'> {
  /** PostgreSQL when there is one; SQLite in `databaseFile` when not. */
  readonly databaseUrl: string | undefined;
  readonly userService: UserServiceClientConfig;
  /** How long a user stays good enough to order, and a name good enough to show, while the user-service is away. */
  readonly directory: Required<Pick<UserDirectoryOptions, 'freshMs' | 'staleMs'>>;
  /** Names of the variables that fell back to a default fit for development only. */
  readonly developmentDefaults: readonly string[];
}

/** @throws EnvironmentError listing every wrong variable. */
export function readOrderServiceSettings(source: EnvironmentSource): OrderServiceSettings {
  const { values, developmentDefaults } = readEnvironment(source, VARIABLES);
  const userService: UserServiceClientConfig = {
    baseUrl: values.baseUrl,
    timeout: values.timeout,
    retryAttempts: values.retryAttempts,
    retryDelay: values.retryDelay,
    circuitBreakerThreshold: values.circuitBreakerThreshold,
    circuitBreakerTimeout: values.circuitBreakerTimeout,
  };
  checkUserService(userService);
  const { freshSeconds, staleSeconds } = values;
  if (staleSeconds < freshSeconds) {
    const expected = `at least USER_FRESH_SECONDS, which is ${freshSeconds}`;
    throw new EnvironmentError([{ name: 'USER_STALE_SECONDS', expected, got: String(staleSeconds) }]);
  }
  return {
    host: values.host,
    port: values.port,
    databaseFile: values.databaseFile,
    // Its own first, so that both services may share a server and yet be moved apart.
    databaseUrl: values.orderDatabaseUrl ?? values.sharedDatabaseUrl,
    logLevel: values.logLevel,
    clientId: values.clientId,
    clientSecret: values.clientSecret,
    userService,
    directory: { freshMs: freshSeconds * 1_000, staleMs: staleSeconds * 1_000 },
    developmentDefaults,
  };
}

/** What the client would refuse later is told now, by the name of the variable that has to be mended. */
function checkUserService(config: UserServiceClientConfig): void {
  try {
    toClientOptions(config);
  } catch (error) {
    if (!(error instanceof UserServiceConfigError)) throw error;
    throw new EnvironmentError(
      error.problems.map((problem) => ({ ...problem, name: VARIABLE_OF[problem.name] ?? problem.name })),
    );
  }
}
