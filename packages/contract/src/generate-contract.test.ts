import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { test } from 'node:test';
import { ContractError, generateContract } from './index.ts';

const documents = globSync(`${import.meta.dirname}/../test/documents/*.yaml`);

/** A document of one operation, with what a test is about in it. */
const documentOf = (operation: object, more: object = {}, path = '/things'): string =>
  JSON.stringify({ openapi: '3.1.0', paths: { [path]: { get: operation } }, ...more });

const answering = (schema: unknown): object => ({
  responses: { 200: { content: { 'application/json': { schema } } } },
});

/** The source of a schema, as the answer of an operation. */
function sourceOf(schema: unknown, more: object = {}): string {
  const { source } = generateContract(documentOf(answering(schema), more), 'a.json');
  return /response: ([\s\S]*?),?\s*\}\),\n\};\n$/.exec(source)?.[1] ?? assert.fail(source);
}

/** What is said of a document that will not do. */
function problemOf(text: string): string {
  try {
    generateContract(text, 'a.yaml');
  } catch (error) {
    assert.ok(error instanceof ContractError, String(error));
    return error.message;
  }
  return assert.fail('it was taken');
}

for (const file of documents) {
  test(`makes of ${basename(file)} the module that stands beside it, which is compiled with the other sources`, () => {
    const { source } = generateContract(readFileSync(file, 'utf8'), basename(file));
    assert.equal(source, readFileSync(file.replace(/\.yaml$/, '.contract.ts'), 'utf8'));
  });
}

test('writes each type of JSON Schema with what bounds it', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [true, 'z.unknown()'],
    [{ type: 'string', minLength: 1, maxLength: 9, pattern: 'a/b' }, 'z.string().min(1).max(9).regex(/a\\/b/u)'],
    [{ type: 'string', pattern: '[\\-]' }, 'z.string().regex(/[\\-]/u)'],
    [{ type: 'string', pattern: '\\a' }, 'z.string().regex(/\\a/)'],
    [{ type: 'string', format: 'date-time' }, 'z.iso.datetime({ offset: true })'],
    [{ type: 'string', format: 'constructor' }, 'z.string()'],
    [{ type: 'integer', exclusiveMinimum: 0, multipleOf: 5 }, 'z.int().gt(0).multipleOf(5)'],
    [{ type: 'number', minimum: -1.5, exclusiveMaximum: 2 }, 'z.number().gte(-1.5).lt(2)'],
    [{ type: ['boolean', 'null'] }, 'z.nullable(z.boolean())'],
    [{ type: ['string', 'integer'] }, 'z.union([z.string(), z.int()])'],
    [{ const: null }, 'z.null()'],
    [{ enum: ['a', 1, null] }, "z.literal(['a', 1, null])"],
    [{ type: 'array', minItems: 1 }, 'z.array(z.unknown()).min(1)'],
    [{ prefixItems: [{ type: 'string' }], items: false }, 'z.tuple([z.string()])'],
    [{ prefixItems: [{ type: 'string' }], items: { type: 'number' } }, 'z.tuple([z.string()], z.number())'],
    [{ type: 'object' }, 'z.record(z.string(), z.unknown())'],
    [{ type: 'object', additionalProperties: false }, 'z.strictObject({})'],
    [{ properties: { a: {} }, additionalProperties: true }, 'z.looseObject({ a: z.unknown().optional() })'],
    [{ required: ['b'], properties: { a: {} } }, 'z.object({ a: z.unknown().optional(), b: z.unknown() })'],
    [
      { allOf: [{ type: 'string' }, { minLength: 2, type: 'string' }] },
      'z.intersection(z.string(), z.string().min(2))',
    ],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'z.nullable(z.string())'],
    [{ oneOf: [{ type: 'string' }, { type: 'number' }] }, 'z.xor([z.string(), z.number()])'],
  ];
  for (const [schema, source] of cases) {
    if (source === 'z.unknown()') continue;
    assert.equal(sourceOf(schema), source, JSON.stringify(schema));
  }
  assert.doesNotMatch(generateContract(documentOf(answering(true)), 'a.json').source, /response/);
});

test('takes hostile names and words for what they are', () => {
  const source = sourceOf(
    {
      description: 'ends */ process.exit() /* here',
      type: 'object',
      properties: JSON.parse(
        '{"__proto__": {"type":"string","description":"*/ evil() /*"}, "a\'b": {"type":"number"}}',
      ),
    },
    {},
  );
  assert.match(source, /\['__proto__'\]: z\.string\(\)/);
  assert.match(source, /"a'b": z\.number\(\)/);
  assert.doesNotMatch(source, /\*\/ evil/);

  const { source: whole } = generateContract(
    documentOf(
      { summary: '*/ evil() /*', operationId: "x'); evil(); ('", ...answering({ $ref: '#/components/schemas/a b' }) },
      {
        components: { schemas: { 'a b': { type: 'string' } } },
      },
    ),
    'a\nevil()',
  );
  assert.match(whole, /xEvil: get\('\/things', \{ response: AB \}\)/);
  assert.match(whole, /^export const AB = z\.string\(\);$/m);
  assert.doesNotMatch(whole, /^evil|\*\/ evil/m);
});

test('names an operation that has no name by its method and path, and keeps clear of what a client has', () => {
  const named = (operationId: string | undefined, path = '/things'): string | undefined =>
    /^ {2}(\w+): get\(/m.exec(generateContract(documentOf({ operationId }, {}, path), 'a.json').source)?.[1];
  assert.equal(named(undefined, '/shops/open'), 'getShopsOpen');
  assert.equal(named('close'), 'closeOperation');
  assert.equal(named('URLs_list'), 'urLsList');
});

test('names a hole as the client can, whatever the document calls it', () => {
  const parameters = [{ name: 'shop-id', in: 'path', schema: { type: 'string' } }];
  const { source } = generateContract(documentOf({ parameters }, {}, '/shops/{shop-id}/items'), 'a.json');
  assert.match(
    source,
    /getShopsByShopIdItems: get\('\/shops\/\{shopId\}\/items', \{ params: z\.object\(\{ shopId: z\.string\(\) \}\) \}\)/,
  );
});

test('says file, line and column of what will not do, what was expected and what is there', () => {
  const yaml = (operation: string): string => `openapi: 3.1.0\npaths:\n  /a/{id}:\n    get:\n${operation}`;
  const cases: readonly (readonly [string, RegExp])[] = [
    ['swagger: "2.0"', /^a\.yaml:1:1: #\/openapi: expected a version 3\.1 or 3\.2, got nothing$/],
    ['openapi: 3.0.3', /^a\.yaml:1:1: #\/openapi: expected a version 3\.1 or 3\.2, got "3\.0\.3"$/],
    ['[1, 2]', /expected an OpenAPI document, got \[1,2\]/],
    ['a: {', /^a\.yaml:1:\d+: /],
    ['a: 1\na: 2', /^a\.yaml:2:1: Map keys must be unique/],
    ['openapi: 3.1.0\npaths: {}', /^a\.yaml:2:1: #\/paths: expected at least one operation/],
    [yaml('      responses: {}'), /^a\.yaml:4:5: .*expected a path parameter called id, got "\/a\/\{id\}"$/],
    [
      yaml('      parameters:\n        - $ref: "other.yaml#/x"'),
      /^a\.yaml:6:11: .*expected a reference within the document \(#\/…\); bundle it first, got "other\.yaml#\/x"$/,
    ],
    [
      yaml('      parameters:\n        - $ref: "#/components/parameters/Id"'),
      /^a\.yaml:6:11: .*expected a reference to something that is there/,
    ],
    [
      yaml('      parameters:\n        - { name: id, in: path, style: matrix }'),
      /^a\.yaml:6:33: .*expected a parameter that is written as text, got "matrix"$/,
    ],
    [
      yaml('      x-switchgear: { deadline: 3 }\n      parameters: [{ name: id, in: path }]'),
      /^a\.yaml:5:23: .*expected one of idempotent, idempotencyKey, deadlineMs, attemptTimeoutMs, values, got "deadline"$/,
    ],
  ];
  for (const [text, message] of cases) assert.match(problemOf(text), message);
  assert.match(problemOf(documentOf({}, {}, '/a/{id}.json')), /whole segments, got "\/a\/\{id\}\.json"/);
  assert.match(problemOf(documentOf({}, {}, 'a')), /begins with \//);
  assert.match(problemOf(documentOf(answering({ type: 'strnig' }))), /expected a type of JSON, got "strnig"/);
  assert.match(problemOf(documentOf(answering({ type: 'string', pattern: '(' }))), /expected a regular expression/);
  assert.match(
    problemOf(
      documentOf(answering({ $ref: '#/components/x/A' }), { components: { x: { A: { $ref: '#/components/x/A' } } } }),
    ),
    /circle/,
  );
});

test('tells what it leaves out and what is not checked, with the place', () => {
  const { notes } = generateContract(
    documentOf({
      parameters: [
        { name: 'Host', in: 'header', schema: {} },
        { name: 'sid', in: 'cookie', schema: {} },
        { name: 'filter', in: 'query', style: 'deepObject', schema: {} },
      ],
      ...answering({ type: 'array', uniqueItems: true }),
    }),
    'a.json',
  );
  assert.deepEqual(
    notes.map((note) => note.replace(/^a\.json:\d+:\d+: /, '')),
    [
      '#/paths/~1things/get/parameters/0: left out: the client sets Host itself',
      '#/paths/~1things/get/parameters/1: left out: the cookie sid; a service client keeps none',
      '#/paths/~1things/get/parameters/2/style: left out: filter, which is optional, is not written as text',
      '#/paths/~1things/get/responses/200/content/application~1json/schema/uniqueItems: not checked',
    ],
  );
});

test('refuses an alias that grows without end', () => {
  const bomb = ['a: &a [1,1,1,1,1,1,1,1,1,1]'];
  for (let i = 1; i < 9; i++) {
    const before = String.fromCharCode(96 + i);
    const here = String.fromCharCode(97 + i);
    bomb.push(`${here}: &${here} [${Array(10).fill(`*${before}`).join(',')}]`);
  }
  assert.match(problemOf(bomb.join('\n')), /alias/i);
});
