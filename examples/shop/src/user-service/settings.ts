import { DEVELOPMENT_CLIENT } from '../config/development-client.ts';
import {
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

const VARIABLES = {
  host: text('USER_SERVICE_HOST', { default: '127.0.0.1' }),
  port: integer('USER_SERVICE_PORT', { min: 0, max: 65_535, default: 8081 }),
  databaseFile: text('USER_DATABASE_FILE', { default: '.data/users.sqlite' }),
  databaseUrl: optional(url('DATABASE_URL', { schemes: ['postgres', 'postgresql'] })),
  clientId: text('OAUTH_CLIENT_ID', { default: DEVELOPMENT_CLIENT.id }),
  clientSecret: secret('OAUTH_CLIENT_SECRET', { minBytes: 16, developmentDefault: DEVELOPMENT_CLIENT.secret }),
  signingSecret: secret('SIGNING_SECRET', {
    // RFC 7518 asks HS256 for a key at least as long as its hash.
    minBytes: 32,
    developmentDefault: 'development-only-signing-secret-of-the-user-service',
  }),
  // Short, so that a token runs out, and is refreshed, while somebody watches.
  tokenTtlSeconds: integer('TOKEN_TTL_SECONDS', { min: 1, max: 86_400, default: 20 }),
  logLevel: oneOf('LOG_LEVEL', LOG_LEVELS, { default: 'info' }),
  faults: oneOf('SHOP_FAULTS', ['off', 'allow'], { default: 'off', developmentOnly: ['allow'] }),
  seedUsers: integer('SEED_USERS', { min: 0, max: 1_000_000, default: 0 }),
} as const;

export type UserServiceSettings = EnvironmentValues<typeof VARIABLES>;

/** @throws EnvironmentError listing every wrong variable. */
export function readUserServiceSettings(source: EnvironmentSource): UserServiceSettings {
  return readEnvironment(source, VARIABLES);
}
