import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { get } from '../contract/operation.ts';
import { createServiceClient, type ServiceClient } from '../service-client.ts';
import { mockTransport } from '../testing/index.ts';
import { type BatchDefinition, batch } from './batch.ts';
import type { BatchKey } from './batch-key.ts';
import type { KeyOutcome } from './key-outcome.ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only if the two types are one. */
const same = <A, B>(..._: Same<A, B> extends true ? [] : ['the types differ']): void => {};

const User = z.object({ id: z.int(), name: z.string(), message: z.string() });
type AnyUser = z.output<typeof User>;

/** What a batch answers with for each key. */
type OutcomeOf<D> =
  D extends BatchDefinition<infer Key, infer Value>
    ? Awaited<ReturnType<ServiceClient<{ look: BatchDefinition<Key, Value> }>['look']>>[number]
    : never;

test('types keys by their schema, before and after it, and values by that of an item', () => {
  const look = batch('/users/batch', {
    key: z.string().transform(Number),
    body: (ids) => {
      same<typeof ids, readonly number[]>();
      return { ids };
    },
    item: User,
    keyOf: (user) => {
      same<typeof user, AnyUser>();
      return user.id;
    },
  });
  same<OutcomeOf<typeof look>, KeyOutcome<string, AnyUser>>();
});

test('types values by the schema of the answer where items have none, and by what is made of them', () => {
  const list = batch('/a', { body: (keys) => keys, response: z.array(User), keyOf: ({ id }) => id });
  const nulls = batch('/a', { body: (keys) => keys, response: z.array(User.nullable()), keyOf: 'position' });
  const bare = batch('/a', { body: (keys) => keys, keyOf: 'position' });
  const within = batch('/a', {
    body: (keys) => keys,
    response: z.object({ users: z.array(User) }),
    items: ({ users }) => users,
    keyOf: ({ id }) => id,
    valueIn: ({ name }) => (name === '' ? undefined : { name }),
  });
  same<OutcomeOf<typeof list>, KeyOutcome<BatchKey, AnyUser>>();
  same<OutcomeOf<typeof nulls>, KeyOutcome<BatchKey, AnyUser>>();
  same<OutcomeOf<typeof bare>, KeyOutcome<BatchKey, unknown>>();
  same<OutcomeOf<typeof within>, KeyOutcome<BatchKey, { name: string }>>();
});

test('makes the caller look before there is a value', () => {
  const read = (outcome: KeyOutcome<number, AnyUser>): string => {
    // @ts-expect-error There may be none.
    outcome.value;
    // @ts-expect-error Nothing is known to have gone wrong.
    outcome.error;
    return outcome.outcome === 'found' ? outcome.value.name : outcome.outcome;
  };
  assert.equal(read({ outcome: 'missing', key: 1 }), 'missing');
});

test('does not compile what cannot be', () => {
  const refused = { code: 'SWITCHGEAR_INVALID_CONFIG' };
  // @ts-expect-error Which item is for which key?
  assert.throws(() => batch('/a', { body: (keys) => keys }), refused);
  // @ts-expect-error The path has a parameter, and nothing that fills it.
  assert.throws(() => batch('/a/{ids}', { body: (keys) => keys, keyOf: 'position' }), refused);
  // @ts-expect-error The parameter has another name.
  assert.ok(batch('/a/{ids}', { params: (keys) => ({ id: keys.join(',') }), keyOf: 'position' }));
  // @ts-expect-error An object is no key.
  assert.ok(batch('/a', { key: z.object({}), body: (keys) => keys, keyOf: 'position' }));
  // @ts-expect-error A user has no such field.
  assert.ok(batch('/a', { body: (keys) => keys, item: User, keyOf: ({ uuid }) => uuid }));
});

test('collects into a batch of the same client that has the keys and gives the values', () => {
  const getUsers = batch('/users/batch', { key: z.int(), body: (ids) => ids, item: User, keyOf: ({ id }) => id });
  const into = { collect: { into: 'getUsers' } } as const;
  const base = { target: 'users', baseUrl: 'http://users.internal', transport: mockTransport([]) } as const;
  const client = createServiceClient({
    ...base,
    operations: { getUser: get('/users/{userId}', { response: User, ...into }), getUsers },
  });
  same<Awaited<ReturnType<typeof client.getUser>>, AnyUser>();
  same<Parameters<typeof client.getUsers>[0], readonly number[]>();

  const Other = z.object({ id: z.int(), email: z.string() });
  createServiceClient({
    ...base,
    // @ts-expect-error The batch gives users without an address.
    operations: { getUser: get('/users/{userId}', { response: Other, ...into }), getUsers },
  });
  createServiceClient({
    ...base,
    operations: {
      // @ts-expect-error A text is never one of the batch's keys.
      getUser: get('/users/{name}', { params: z.object({ name: z.string() }), response: User, ...into }),
      getUsers,
    },
  });
  assert.throws(
    // @ts-expect-error There is no such batch.
    () => createServiceClient({ ...base, operations: { getUser: get('/users/{userId}', into) } }),
    { code: 'SWITCHGEAR_INVALID_CONFIG' },
  );
  assert.throws(
    () =>
      createServiceClient({
        ...base,
        // @ts-expect-error It is there, and no batch.
        operations: { getUser: get('/users/{userId}', { collect: { into: 'other' } }), other: get('/other') },
      }),
    { code: 'SWITCHGEAR_INVALID_CONFIG' },
  );
});
