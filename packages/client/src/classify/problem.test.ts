import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemKind, readProblem } from './problem.ts';

const type = 'application/problem+json';
const read = (body: unknown, contentType: string | undefined = type, bytes = 100) =>
  readProblem(body, contentType, bytes);

test('reads the members of RFC 9457, and whatever else there is as extensions', () => {
  const problem = read({
    type: 'https://example.test/out-of-credit',
    title: 'You do not have enough credit.',
    status: 403,
    detail: 'Your balance is 30, but that costs 50.',
    instance: '/account/12345/msgs/abc',
    balance: 30,
    accounts: ['/account/12345'],
  });
  assert.deepEqual(
    { ...problem, extensions: { ...problem?.extensions } },
    {
      type: 'https://example.test/out-of-credit',
      title: 'You do not have enough credit.',
      status: 403,
      detail: 'Your balance is 30, but that costs 50.',
      instance: '/account/12345/msgs/abc',
      extensions: { balance: 30, accounts: ['/account/12345'] },
    },
  );
});

test('takes a member of the wrong type for one that is not there', () => {
  const problem = read({ type: 7, title: ['x'], status: '403', detail: null });
  assert.deepEqual(
    { ...problem, extensions: { ...problem?.extensions } },
    {
      type: 'about:blank',
      title: undefined,
      status: undefined,
      detail: undefined,
      instance: undefined,
      extensions: {},
    },
  );
});

test('reads nothing that does not say it is a problem, is none, or is too large', () => {
  assert.equal(read({ title: 'x' }, 'application/json'), undefined);
  assert.equal(read({ title: 'x' }, 'application/problem+xml'), undefined);
  assert.equal(readProblem({ title: 'x' }, undefined, 1), undefined);
  for (const body of [null, 'x', 7, [{ title: 'x' }]]) assert.equal(read(body), undefined);
  assert.equal(read({ title: 'x' }, type, 65_537), undefined);
  assert.equal(read({ title: 'x' }, 'Application/Problem+JSON; charset=utf-8')?.title, 'x');
});

test('is safe from names that mean something to an object', () => {
  const problem = read(JSON.parse('{"__proto__":{"polluted":1},"constructor":1,"toString":2,"title":"x"}'));
  assert.equal(Object.getPrototypeOf(problem?.extensions), null);
  assert.deepEqual(Object.keys(problem?.extensions ?? {}), ['constructor', 'toString']);
  assert.equal(Reflect.get(Object.assign({}, problem?.extensions), 'polluted'), undefined);
  assert.equal(read(Object.create({ title: 'inherited' }))?.title, undefined);
});

test('keeps texts short and to one line, and extensions few', () => {
  const problem = read({
    title: `a\r\nb\u2028${'x'.repeat(1_000)}`,
    detail: 'y'.repeat(10_000),
    ...Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`e${i}`, i])),
  });
  assert.match(problem?.title ?? '', /^a {2}b x+$/);
  assert.equal(problem?.title?.length, 120);
  assert.equal(problem?.detail?.length, 4_096);
  assert.equal(Object.keys(problem?.extensions ?? {}).length, 32);
});

test('shows of a kind what is the same for all problems of it', () => {
  const kind = (uri: string) => problemKind(read({ type: uri }) as never);
  assert.equal(kind('https://user:secret@example.test/p?token=c4n4ry#c4n4ry'), 'https://example.test/p');
  assert.equal(kind('about:blank'), 'about:blank');
});
