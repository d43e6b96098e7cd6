import type { ClientEvent, ClientSnapshot } from '@switchgear/client';
import { CircuitOpenError } from '@switchgear/policy';
import { type CreateUserRequest, type UpdateUserRequest, type User, UserNotFoundError } from './user-contract.ts';
import type { RunningUserServiceClient, UserOutcome } from './user-service-client.ts';

export function aUser(id: number, change: Partial<User> = {}): User {
  return {
    id,
    name: `User ${id}`,
    email: `user.${id}@example.test`,
    status: 'active',
    createdAt: '2024-01-01T00:00:00.000Z',
    ...change,
  };
}

export function circuitOpen(retryAfterMs?: number): CircuitOpenError {
  return new CircuitOpenError('the circuit is open', 'circuit-open', { target: 'user-service', retryAfterMs });
}

/** A user-service in memory, for the tests of those who call it. Set `failure` and every call rejects with it. */
export class FakeUserServiceClient implements RunningUserServiceClient {
  readonly maxAttempts = 3;
  readonly deadlineMs = 3_150;
  readonly known = new Map<number, User>();
  /** What was asked, in order: `getUserById 42`. */
  readonly asked: string[] = [];
  failure: unknown;
  closed = false;
  readonly #listeners = new Set<(event: ClientEvent) => void>();
  readonly #snapshot: ClientSnapshot;

  constructor(users: readonly User[] = [], breaker: 'closed' | 'open' = 'closed') {
    for (const user of users) this.known.set(user.id, user);
    this.#snapshot = {
      target: 'user-service',
      inFlight: 0,
      breaker: {
        name: 'user-service',
        mode: 'on',
        state: breaker,
        beneath: breaker,
        epoch: 0,
        cause: null,
        calls: 0,
        failures: 0,
        failureRatio: 0,
        slow: 0,
        bad: 0,
        consecutiveFailures: 0,
        openings: 0,
        openForMs: 0,
        probesRunning: 0,
        admittedShare: breaker === 'open' ? 0 : 1,
        isolatedBy: [],
        refusedInShadow: 0,
      },
      bulkhead: { active: 0, orphaned: 0, queued: 0, maxConcurrent: 64, maxQueue: 64, closed: false },
      budget: { available: 3, callsInWindow: 0, retriesInWindow: 0 },
      controls: [],
      policies: [],
      operations: [],
    };
  }

  readonly controls: RunningUserServiceClient['controls'] = {
    target: 'user-service',
    on: (listener) => {
      this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    },
    snapshot: () => this.#snapshot,
    describe: () => 'a user-service in memory',
    explain: () => this.#snapshot.breaker.state,
    close: async () => {
      this.closed = true;
    },
  };

  get listeners(): number {
    return this.#listeners.size;
  }

  say(event: ClientEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async createUser(request: CreateUserRequest): Promise<User> {
    this.#hear('createUser');
    const user = aUser(this.known.size + 1, { ...request, status: request.status ?? 'active' });
    this.known.set(user.id, user);
    return user;
  }

  async getUserById(userId: number): Promise<User> {
    this.#hear(`getUserById ${userId}`);
    return this.#find(userId, 'getUserById');
  }

  async updateUser(userId: number, request: UpdateUserRequest): Promise<User> {
    this.#hear(`updateUser ${userId}`);
    const { status } = this.#find(userId, 'updateUser');
    const user = aUser(userId, { ...request, status: request.status ?? status });
    this.known.set(userId, user);
    return user;
  }

  async deleteUser(userId: number): Promise<void> {
    this.#hear(`deleteUser ${userId}`);
    this.#find(userId, 'deleteUser');
    this.known.delete(userId);
  }

  async batchGetUsers(userIds: readonly number[]): Promise<readonly UserOutcome[]> {
    if (userIds.length > 0) this.asked.push(`batch ${[...new Set(userIds)].join(',')}`);
    return userIds.map((key) => {
      if (this.failure !== undefined) return { outcome: 'failed', key, error: this.failure };
      const value = this.known.get(key);
      return value === undefined ? { outcome: 'missing', key } : { outcome: 'found', key, value };
    });
  }

  #hear(call: string): void {
    this.asked.push(call);
    if (this.failure !== undefined) throw this.failure;
  }

  #find(id: number, operation: string): User {
    const user = this.known.get(id);
    if (user !== undefined) return user;
    throw new UserNotFoundError({
      target: 'user-service',
      operation,
      attempts: 1,
      status: 404,
      serviceCode: 'USER_NOT_FOUND',
      detail: 'there is no user with this id',
    });
  }
}
