import {
  type EnvironmentSource,
  type EnvironmentValues,
  integer,
  optional,
  readEnvironment,
  text,
  url,
} from '../config/environment.ts';

const POSTGRES = { schemes: ['postgres', 'postgresql'] };

const VARIABLES = {
  orderPort: integer('ORDER_SERVICE_PORT', { min: 1, max: 65_535, default: 8080 }),
  userPort: integer('USER_SERVICE_PORT', { min: 1, max: 65_535, default: 8081 }),
  users: integer('SEED_USERS', { min: 100, max: 1_000_000, default: 3_000 }),
  requestsPerSecond: integer('SHOP_REQUESTS_PER_SECOND', { min: 1, max: 1_000, default: 60 }),
  /** The chapters share it as they share the minute. */
  storySeconds: integer('SHOP_STORY_SECONDS', { min: 10, max: 3_600, default: 58 }),
  seed: integer('SHOP_SEED', { min: 0, max: 2 ** 31 - 1, default: 1 }),
  /** Kept when it is set; without, everything lives in a temporary folder that goes when the shop does. */
  dataDir: optional(text('SHOP_DATA_DIR')),
  databaseUrl: optional(url('DATABASE_URL', POSTGRES)),
  orderDatabaseUrl: optional(url('ORDER_DATABASE_URL', POSTGRES)),
} as const;

export type StorySettings = EnvironmentValues<typeof VARIABLES>['values'];

/** @throws EnvironmentError listing every wrong variable. */
export function readStorySettings(source: EnvironmentSource): StorySettings {
  return readEnvironment(source, VARIABLES).values;
}
