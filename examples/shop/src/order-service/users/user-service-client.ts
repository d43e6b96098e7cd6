import {
  type CallSettings,
  type ClientControls,
  clientCredentials,
  createServiceClient,
  type ServiceClientOptions,
  successEnvelope,
} from '@switchgear/client';
import { systemRuntime } from '@switchgear/policy';
import { type BatchResult, lookUpInChunks } from './batch.ts';
import {
  BATCH_LIMIT,
  type CreateUserRequest,
  type UpdateUserRequest,
  type User,
  UserNotFoundError,
  userOperations,
} from './user-contract.ts';
import { toClientOptions, type UserServiceClientConfig } from './user-service-config.ts';

/** What the order-service asks of the user-service. Every method may reject with a `SwitchgearError`. */
export interface UserServiceClient {
  /** @throws UserAlreadyExistsError when the e-mail address is taken. */
  createUser(request: CreateUserRequest, settings?: CallSettings): Promise<User>;
  /** @throws UserNotFoundError */
  getUserById(userId: number, settings?: CallSettings): Promise<User>;
  /** @throws UserNotFoundError, UserAlreadyExistsError */
  updateUser(userId: number, request: UpdateUserRequest, settings?: CallSettings): Promise<User>;
  /** @throws UserNotFoundError */
  deleteUser(userId: number, settings?: CallSettings): Promise<void>;
  /** Any number of ids, within one deadline. Never rejects: what could not be looked up is among `failures`. */
  batchGetUsers(userIds: readonly number[], settings?: CallSettings): Promise<BatchResult<User>>;
}

/** A client that runs, and how it does. */
export interface RunningUserServiceClient extends UserServiceClient {
  readonly controls: Pick<ClientControls, 'on' | 'snapshot' | 'describe' | 'explain' | 'close'>;
  /** The most attempts one call may take. */
  readonly maxAttempts: number;
  /** The longest one call may take, in milliseconds. */
  readonly deadlineMs: number;
}

export interface UserServiceAccess {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Time, chance and transport, for tests. @default the process's own */
  readonly client?: Pick<ServiceClientOptions, 'runtime' | 'transport'>;
}

/** Two chunks hide each other's latency; more would take places from the orders that are being placed. */
const BATCH_CONCURRENCY = 2;

/**
 * The user-service as an object: one deadline per call, retries within a budget, one breaker for the service, and a
 * token that is renewed ahead of its end.
 * @throws UserServiceConfigError listing every wrong setting.
 */
export function createUserServiceClient(
  config: UserServiceClientConfig,
  { clientId, clientSecret, client = {} }: UserServiceAccess,
): RunningUserServiceClient {
  const mapped = toClientOptions(config);
  const { clock } = client.runtime ?? systemRuntime;
  const users = createServiceClient({
    ...mapped,
    ...client,
    target: 'user-service',
    userAgent: 'order-service/1.0.0',
    auth: clientCredentials({ tokenUrl: tokenUrlOf(config.baseUrl), clientId, clientSecret }),
    envelope: successEnvelope,
    operations: userOperations,
  });

  return {
    maxAttempts: config.retryAttempts + 1,
    deadlineMs: mapped.deadlineMs,
    controls: users,
    createUser: (request, settings) => users.createUser({ body: request }, settings),
    getUserById: (userId, settings) => users.getUserById({ userId }, settings),
    updateUser: (userId, request, settings) => users.updateUser({ userId, body: request }, settings),
    deleteUser: async (userId, settings) => {
      try {
        await users.deleteUser({ userId }, settings);
      } catch (error) {
        // The answer to an earlier attempt was lost, and that attempt has deleted the user.
        if (error instanceof UserNotFoundError && error.attempts > 1) return;
        throw error;
      }
    },
    batchGetUsers: (userIds, settings) => {
      const end = clock.now() + (settings?.deadlineMs ?? mapped.deadlineMs);
      return lookUpInChunks(
        userIds,
        (chunk) =>
          users.getUserBatch(
            { body: { userIds: [...chunk] } },
            {
              ...settings,
              // What is left of the whole batch's time, so that ten chunks do not take ten deadlines.
              deadlineMs: Math.max(0, end - clock.now()),
              headers: { ...settings?.headers, 'x-batch-size': String(chunk.length) },
            },
          ),
        { chunkSize: BATCH_LIMIT, concurrency: BATCH_CONCURRENCY },
      );
    },
  };
}

function tokenUrlOf(baseUrl: string): string {
  return `${baseUrl.replace(/\/+$/, '')}/oauth/token`;
}
