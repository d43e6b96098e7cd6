import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { CreateOutcome, CreationKey, UserCreation, UserRepository } from './repository.ts';
import { makeUsers, seedUsers } from './seed.ts';
import type { NewUser, User } from './user.ts';

/** One empty store. It can be opened again, also while it is open: that is what a second process would do. */
export interface UserStore {
  open(): Promise<UserRepository>;
}

interface Claim {
  readonly name: string;
  readonly holds: (repository: UserRepository, reopen: () => Promise<UserRepository>) => Promise<void>;
}

const CREATED_AT = '2025-06-01T12:00:00.123Z';
const MINJI: NewUser = { name: '김민지', email: 'minji@example.test', status: 'active' };
const ALICE: NewUser = { name: 'Alice Baker', email: 'Alice@example.test', status: 'suspended' };
const KEY: CreationKey = { clientId: 'order-service', key: 'key-1', fingerprint: 'one' };

const CLAIMS: readonly Claim[] = [
  {
    name: 'gives back what was created, with an id',
    holds: async (users) => {
      const created = await make(users, MINJI);
      assert.deepEqual(created, { id: 1, ...MINJI, createdAt: CREATED_AT });
      assert.deepEqual(await users.find(1), created);
    },
  },
  {
    name: 'finds nothing under an id that was never given, however large',
    holds: async (users) => {
      assert.equal(await users.find(7), undefined);
      assert.equal(await users.find(Number.MAX_SAFE_INTEGER), undefined);
    },
  },
  {
    name: 'answers a batch in the asked order, without the missing, each once',
    holds: async (users) => {
      await users.insertIfEmpty(makeUsers(5, 1));
      const found = await users.findMany([5, 99, 2, 5, 1]);
      assert.deepEqual(idsOf(found), [5, 2, 1]);
      assert.deepEqual(await users.findMany([]), []);
    },
  },
  {
    name: 'lists by id after a given one, up to a limit',
    holds: async (users) => {
      await users.insertIfEmpty(makeUsers(5, 1));
      assert.deepEqual(idsOf(await users.list({ after: 0, limit: 2 })), [1, 2]);
      assert.deepEqual(idsOf(await users.list({ after: 2, limit: 2 })), [3, 4]);
      assert.deepEqual(idsOf(await users.list({ after: 4, limit: 2 })), [5]);
      assert.deepEqual(await users.list({ after: 5, limit: 2 }), []);
    },
  },
  {
    name: 'lists past a deleted user without a gap in the page',
    holds: async (users) => {
      await users.insertIfEmpty(makeUsers(4, 1));
      await users.delete(2);
      assert.deepEqual(idsOf(await users.list({ after: 0, limit: 2 })), [1, 3]);
    },
  },
  {
    name: 'refuses a taken e-mail in any letter case, beyond ASCII too',
    holds: async (users) => {
      await make(users, { ...MINJI, email: 'Ünal@example.test' });
      const again = await users.create(creation({ ...ALICE, email: 'üNAL@EXAMPLE.test' }));
      assert.deepEqual(again, { kind: 'email-taken' });
    },
  },
  {
    name: 'gives an e-mail to one of two creations at the same time',
    holds: async (users) => {
      const outcomes = await Promise.all([users.create(creation(MINJI)), users.create(creation(MINJI))]);
      assert.deepEqual(outcomes.map((outcome) => outcome.kind).sort(), ['created', 'email-taken']);
      assert.equal((await users.list({ after: 0, limit: 10 })).length, 1);
    },
  },
  {
    name: 'sets what a change names and keeps the rest',
    holds: async (users) => {
      const { id } = await make(users, ALICE);
      const outcome = await users.update(id, { name: 'Alice Reed', email: 'reed@example.test' });
      const expected = {
        id,
        name: 'Alice Reed',
        email: 'reed@example.test',
        status: 'suspended',
        createdAt: CREATED_AT,
      };
      assert.deepEqual(outcome, { kind: 'updated', user: expected });
      assert.deepEqual(await users.find(id), expected);
      const activated = await users.update(id, { name: 'Alice Reed', email: 'reed@example.test', status: 'active' });
      assert.equal(userOf(activated).status, 'active');
    },
  },
  {
    name: 'lets a user change the letter case of its own e-mail',
    holds: async (users) => {
      const { id } = await make(users, ALICE);
      const outcome = await users.update(id, { ...ALICE, email: 'ALICE@example.test' });
      assert.equal(userOf(outcome).email, 'ALICE@example.test');
    },
  },
  {
    name: 'refuses a change to an e-mail of somebody else, and changes nothing',
    holds: async (users) => {
      await make(users, MINJI);
      const { id } = await make(users, ALICE);
      const outcome = await users.update(id, { name: 'New', email: 'MINJI@example.test' });
      assert.deepEqual(outcome, { kind: 'email-taken' });
      assert.equal((await users.find(id))?.name, ALICE.name);
    },
  },
  {
    name: 'does not change a user that is not there',
    holds: async (users) => {
      assert.deepEqual(await users.update(1, MINJI), { kind: 'not-found' });
    },
  },
  {
    name: 'deletes once',
    holds: async (users) => {
      const { id } = await make(users, MINJI);
      assert.equal(await users.delete(id), true);
      assert.equal(await users.delete(id), false);
      assert.equal(await users.find(id), undefined);
    },
  },
  {
    name: 'frees the e-mail of a deleted user but never its id',
    holds: async (users) => {
      const first = await make(users, MINJI);
      await users.delete(first.id);
      const second = await make(users, MINJI);
      assert.notEqual(second.id, first.id);
    },
  },
  {
    name: 'answers a repeated key with the user it made, as it is now',
    holds: async (users) => {
      const made = await make(users, MINJI, KEY);
      assert.deepEqual(await users.create(creation(MINJI, KEY)), { kind: 'replayed', user: made });
      await users.update(made.id, { ...MINJI, name: '김서연' });
      assert.equal(userOf(await users.create(creation(MINJI, KEY))).name, '김서연');
    },
  },
  {
    name: 'makes one user of two calls with one key at the same time',
    holds: async (users) => {
      const outcomes = await Promise.all([users.create(creation(MINJI, KEY)), users.create(creation(MINJI, KEY))]);
      assert.deepEqual(outcomes.map((outcome) => outcome.kind).sort(), ['created', 'replayed']);
      assert.deepEqual(new Set(outcomes.map((outcome) => userOf(outcome).id)), new Set([1]));
    },
  },
  {
    name: 'refuses a key that comes back with another payload',
    holds: async (users) => {
      await make(users, MINJI, KEY);
      assert.deepEqual(await users.create(creation(ALICE, { ...KEY, fingerprint: 'two' })), { kind: 'key-reused' });
      assert.equal((await users.list({ after: 0, limit: 10 })).length, 1);
    },
  },
  {
    name: 'keeps the keys of two clients apart',
    holds: async (users) => {
      await make(users, MINJI, KEY);
      const other = await users.create(creation(ALICE, { ...KEY, clientId: 'billing' }));
      assert.equal(other.kind, 'created');
    },
  },
  {
    name: 'does not bring a deleted user back when its key is repeated',
    holds: async (users) => {
      const { id } = await make(users, MINJI, KEY);
      await users.delete(id);
      assert.deepEqual(await users.create(creation(MINJI, KEY)), { kind: 'gone' });
      assert.deepEqual(await users.list({ after: 0, limit: 10 }), []);
    },
  },
  {
    name: 'leaves the key free when the creation was refused',
    holds: async (users) => {
      const { id } = await make(users, MINJI);
      assert.deepEqual(await users.create(creation({ ...ALICE, email: MINJI.email }, KEY)), { kind: 'email-taken' });
      await users.delete(id);
      assert.equal((await users.create(creation({ ...ALICE, email: MINJI.email }, KEY))).kind, 'created');
    },
  },
  {
    name: 'forgets keys older than asked, and only those',
    holds: async (users) => {
      await make(users, MINJI, KEY);
      const later = { ...creation(ALICE, { ...KEY, key: 'key-2' }), createdAt: '2025-06-02T12:00:00.000Z' };
      await users.create(later);
      assert.equal(await users.forgetKeys('2025-06-02T00:00:00.000Z'), 1);
      assert.equal((await users.create(later)).kind, 'replayed');
      assert.deepEqual(await users.create(creation(MINJI, KEY)), { kind: 'email-taken' });
    },
  },
  {
    name: 'seeds an empty store with thousands of users, in order',
    holds: async (users) => {
      assert.equal(await seedUsers(users, 5_000, 7), 5_000);
      const last = await users.find(5_000);
      assert.deepEqual(last, { id: 5_000, ...makeUsers(5_000, 7).at(-1) });
    },
  },
  {
    name: 'does not seed a store that has a user',
    holds: async (users) => {
      await make(users, MINJI);
      assert.equal(await seedUsers(users, 10, 7), 0);
      assert.equal((await users.list({ after: 0, limit: 10 })).length, 1);
    },
  },
  {
    name: 'stores none of a seed that cannot be stored whole',
    holds: async (users) => {
      const [first] = makeUsers(1, 7);
      assert.ok(first);
      await assert.rejects(users.insertIfEmpty([first, first]));
      assert.deepEqual(await users.list({ after: 0, limit: 10 }), []);
    },
  },
  {
    name: 'shows what was stored, keys included, to whoever opens the store next',
    holds: async (users, reopen) => {
      const made = await make(users, MINJI, KEY);
      const next = await reopen();
      assert.deepEqual(await next.find(made.id), made);
      assert.equal((await next.create(creation(MINJI, KEY))).kind, 'replayed');
    },
  },
  {
    name: 'answers a ping while it is open and fails one after it is closed',
    holds: async (_users, reopen) => {
      const next = await reopen();
      await next.ping();
      await next.close();
      await assert.rejects(next.ping());
    },
  },
];

/** Holds every implementation of `UserRepository` to the same claims, each on a store of its own. */
export async function userRepositoryContract(
  t: TestContext,
  makeStore: (t: TestContext) => Promise<UserStore>,
): Promise<void> {
  for (const claim of CLAIMS) {
    await t.test(claim.name, async (t) => {
      const store = await makeStore(t);
      const opened: UserRepository[] = [];
      const open = async (): Promise<UserRepository> => {
        const repository = await store.open();
        opened.push(repository);
        return repository;
      };
      try {
        await claim.holds(await open(), open);
      } finally {
        // A claim may have closed one itself; closing is all that is wanted here.
        await Promise.allSettled(opened.map((repository) => repository.close()));
      }
    });
  }
}

function creation(user: NewUser, key?: CreationKey): UserCreation {
  return { user, createdAt: CREATED_AT, ...(key !== undefined && { key }) };
}

async function make(users: UserRepository, user: NewUser, key?: CreationKey): Promise<User> {
  const outcome: CreateOutcome = await users.create(creation(user, key));
  assert.equal(outcome.kind, 'created');
  return userOf(outcome);
}

function userOf(outcome: { readonly kind: string; readonly user?: User }): User {
  assert.ok(outcome.user, `expected a user, got ${outcome.kind}`);
  return outcome.user;
}

function idsOf(users: readonly User[]): readonly number[] {
  return users.map((user) => user.id);
}
