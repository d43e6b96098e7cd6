import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ManualClock } from '@switchgear/policy/testing';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { createLogger } from '../service/logger.ts';
import { Readiness } from '../service/readiness.ts';
import { buildUserService } from './app.ts';
import { FaultInjector, type Sleep } from './faults.ts';
import { Tokens } from './tokens.ts';
import type { UserRepository } from './users/repository.ts';
import { openSqliteUserRepository } from './users/sqlite-user-repository.ts';

export const CLIENT = { clientId: 'order-service', clientSecret: 'canary-client-secret' } as const;
export const SIGNING_SECRET = 'canary-signing-secret-of-32-bytes!';
export const TTL_SECONDS = 20;

/** A clock that stands still until it is told to go on. */
export function standingClock(): ManualClock {
  return new ManualClock(0, Date.UTC(2025, 5, 1, 12));
}

export interface UserServiceForTests {
  readonly app: FastifyInstance;
  readonly repository: UserRepository;
  readonly clock: ManualClock;
  readonly readiness: Readiness;
  /** Every log line written so far. */
  readonly log: readonly string[];
  /** Sends a request with a valid token. */
  send(request: InjectOptions): Promise<LightMyRequestResponse>;
  bearer(): Promise<string>;
}

/** What a test may change about the service. */
export interface UserServiceChanges {
  readonly faults?: boolean;
  readonly sleep?: Sleep;
  readonly repository?: (real: UserRepository) => UserRepository;
}

/** The whole service on a SQLite file of its own, closed when the test ends. */
export function userServiceForTests(t: TestContext, changes: UserServiceChanges = {}): UserServiceForTests {
  const folder = mkdtempSync(join(tmpdir(), 'user-service-'));
  const real = openSqliteUserRepository(join(folder, 'users.sqlite'));
  const repository = changes.repository?.(real) ?? real;
  const clock = standingClock();
  const readiness = new Readiness();
  const log: string[] = [];
  const tokens = new Tokens({ ...CLIENT, signingSecret: SIGNING_SECRET, ttlSeconds: TTL_SECONDS, clock });
  const app = buildUserService({
    repository,
    tokens,
    readiness,
    clock,
    faults: changes.faults ? new FaultInjector(changes.sleep) : undefined,
    logger: createLogger({
      service: 'user-service',
      level: 'trace',
      secrets: [CLIENT.clientSecret, SIGNING_SECRET],
      destination: { write: (line) => void log.push(line) },
    }),
  });
  t.after(async () => {
    await app.close();
    await real.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const bearer = async (): Promise<string> => `Bearer ${await tokens.issue(CLIENT)}`;
  return {
    app,
    repository,
    clock,
    readiness,
    log,
    bearer,
    send: async (request) => app.inject({ ...request, headers: { authorization: await bearer(), ...request.headers } }),
  };
}
