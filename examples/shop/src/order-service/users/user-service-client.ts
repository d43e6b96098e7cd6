import {
  type CallSettings,
  type ClientControls,
  clientCredentials,
  createServiceClient,
  type KeyOutcome,
  type ServiceClientOptions,
  successEnvelope,
} from '@switchgear/client';
import {
  type CreateUserRequest,
  type UpdateUserRequest,
  type User,
  UserNotFoundError,
  userOperations,
} from './user-contract.ts';
import { toClientOptions, type UserServiceClientConfig } from './user-service-config.ts';

/** What became of one id that was asked for among many. */
export type UserOutcome = KeyOutcome<number, User>;

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
  /** Any number of ids, within one deadline: an outcome for each, in this order, whatever fails. */
  batchGetUsers(userIds: readonly number[], settings?: CallSettings): Promise<readonly UserOutcome[]>;
}

/** A client that runs, and how it does. */
export interface RunningUserServiceClient extends UserServiceClient {
  readonly controls: Pick<ClientControls, 'target' | 'on' | 'snapshot' | 'describe' | 'explain' | 'close'>;
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
    batchGetUsers: users.batchGetUsers,
  };
}

function tokenUrlOf(baseUrl: string): string {
  return `${baseUrl.replace(/\/+$/, '')}/oauth/token`;
}
