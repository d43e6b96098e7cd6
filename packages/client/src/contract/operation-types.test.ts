import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import * as z from 'zod';
import { DomainError } from './domain-error.ts';
import {
  type FormFields,
  get,
  head,
  type InputOf,
  type MultipartFields,
  patch,
  post,
  put,
  type QueryValue,
  query,
  type ResultOf,
  type StreamedAnswer,
  type StreamSource,
} from './operation.ts';
import type { PathValue } from './path-template.ts';
import type { Degraded, Live } from './provenance.ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles only if the two types are one. */
const same = <A, B>(..._: Same<A, B> extends true ? [] : ['the types differ']): void => {};

const User = z.object({ id: z.number(), name: z.string() });
type AnyUser = { id: number; name: string };
const NotFound = z.object({ why: z.string() });
type AnyQuery = { readonly query?: Readonly<Record<string, QueryValue>> };

test('types inputs by the schemas: what goes in, before a schema has changed it', () => {
  const search = query('/users/{group}/search', {
    params: z.object({ group: z.enum(['staff', 'guests']) }),
    query: z.object({ page: z.number().default(1) }),
    headers: z.object({ 'x-tenant': z.string(), 'x-trace': z.boolean().optional() }),
    body: z.object({ since: z.string().transform((text) => new Date(text)) }),
    response: z.array(User),
  });
  same<
    InputOf<typeof search>,
    {
      readonly group: 'staff' | 'guests';
      readonly query?: { page?: number | undefined };
      readonly headers: { 'x-tenant': string; 'x-trace'?: boolean | undefined };
      readonly body: { since: string };
    }
  >();
  same<ResultOf<typeof search>, AnyUser[]>();
  const plain = get('/users/{userId}/keys/{key}');
  same<
    InputOf<typeof plain>,
    { readonly userId: PathValue; readonly key: PathValue; readonly query?: Readonly<Record<string, QueryValue>> }
  >();
  same<ResultOf<typeof plain>, unknown>();
});

test('types a body without a schema by how it is sent', () => {
  const text = post('/a', { bodyAs: 'text' });
  const bytes = post('/a', { bodyAs: 'bytes' });
  const form = post('/a', { bodyAs: 'form' });
  const multipart = post('/a', { bodyAs: 'multipart' });
  const stream = put('/a', { bodyAs: 'stream' });
  same<InputOf<typeof text>, AnyQuery & { readonly body: string } extends infer T ? { [K in keyof T]: T[K] } : never>();
  same<InputOf<typeof text>['body'], string>();
  same<InputOf<typeof bytes>['body'], Uint8Array>();
  same<InputOf<typeof form>['body'], FormFields>();
  same<InputOf<typeof multipart>['body'], MultipartFields>();
  same<InputOf<typeof stream>['body'], StreamSource>();
});

test('types results by schema, by how they are read, and by status', () => {
  const text = get('/a', { responseAs: 'text' });
  const bytes = get('/a', { responseAs: 'bytes' });
  const stream = get('/a', { responseAs: 'stream' });
  const csv = get('/a', { responseAs: 'text', response: z.string().transform((all) => all.split(',')) });
  const gone = get('/a', { response: 'none' });
  const orNot = get('/a/{id}', { results: { 200: User, 204: 'none', 404: NotFound } });
  const shown = get('/a', { results: { 200: User, 404: NotFound }, fallback: () => 'nobody' as const });
  same<ResultOf<typeof text>, string>();
  same<ResultOf<typeof bytes>, Uint8Array>();
  same<ResultOf<typeof stream>, StreamedAnswer>();
  same<ResultOf<typeof csv>, string[]>();
  same<ResultOf<typeof gone>, undefined>();
  same<
    ResultOf<typeof orNot>,
    | { readonly status: 200; readonly value: AnyUser }
    | { readonly status: 204; readonly value: undefined }
    | { readonly status: 404; readonly value: { why: string } }
  >();
  same<
    ResultOf<typeof shown>,
    | Live<
        { readonly status: 200; readonly value: AnyUser } | { readonly status: 404; readonly value: { why: string } }
      >
    | Degraded<'nobody'>
  >();
  const read = (result: ResultOf<typeof orNot>): string => {
    if (result.status === 404) return result.value.why;
    // @ts-expect-error With 204 there is nothing: the compiler makes the caller tell the statuses apart.
    result.value.name;
    return result.status === 200 ? result.value.name : 'none';
  };
  assert.equal(read({ status: 404, value: { why: 'gone' } }), 'gone');
});

test('does not compile what cannot be, and refuses it when it is made all the same', () => {
  class Gone extends DomainError {}
  const refused = { code: 'SWITCHGEAR_INVALID_CONFIG' };
  // @ts-expect-error Said twice: which of them is it?
  assert.throws(() => get('/a', { response: User, results: { 200: User } }), refused);
  // @ts-expect-error A stream is given before its body has come.
  assert.throws(() => get('/a', { response: User, responseAs: 'stream' }), refused);
  // @ts-expect-error A stream is not looked into.
  assert.throws(() => put('/a', { body: User, bodyAs: 'stream' }), refused);
  // @ts-expect-error No such way to send it.
  assert.throws(() => put('/a', { bodyAs: 'xml' }), refused);
  // @ts-expect-error The schema gives no `userId`, and the path needs one.
  assert.ok(get('/users/{userId}', { params: z.object({ user: z.string() }) }));
  // @ts-expect-error An object is no segment of a path.
  assert.ok(get('/users/{userId}', { params: z.object({ userId: z.object({}) }) }));
  const wrong: [typeof get, object, string][] = [
    [get, { bodyAs: 'text' }, 'bodyAs'],
    [post, { contentType: 'text/csv' }, 'contentType'],
    [post, { bodyAs: 'multipart', contentType: 'multipart/form-data' }, 'contentType'],
    [post, { bodyAs: 'text', contentType: 'text/csv\r\nx: y' }, 'contentType'],
    [post, { bodyAs: 'text', contentType: 'csv' }, 'contentType'],
    [get, { responseAs: 'text', response: 'none' }, 'responseAs'],
    [head, { responseAs: 'bytes' }, 'responseAs'],
    [get, { responseAs: 'stream', results: { 200: User } }, 'results'],
    [get, { results: {} }, 'results'],
    [get, { results: { 301: User } }, 'results'],
    [get, { results: { 503: User } }, 'results'],
    [get, { results: { 429: User } }, 'results'],
    [get, { results: { 200: User, 404: 'nothing' } }, 'results'],
    [get, { results: { 200: User, 404: User }, errors: { 404: Gone } }, 'errors'],
    [get, { followRedirects: 21 }, 'followRedirects'],
    [get, { maxBodyBytes: 0 }, 'maxBodyBytes'],
    [get, { envelope: true }, 'envelope'],
    [patch, { headers: 'x-a' }, 'headers'],
  ];
  for (const [make, options, option] of wrong) {
    const path = make === get ? 'GET' : make === head ? 'HEAD' : make === post ? 'POST' : 'PATCH';
    assert.throws(() => make('/a', options as never), { ...refused, path: `${path} /a.${option}` }, inspect(options));
  }
  assert.throws(() => get('/{headers}'), refused);
});
