import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readChallenges, renewalMayHelp } from './www-authenticate.ts';

function read(header: string | string[]): [string, Record<string, string>][] {
  return readChallenges(header).map(({ scheme, params }) => [scheme, Object.fromEntries(params)]);
}

test('reads what RFC 9110 allows', () => {
  const table: [string | string[], [string, Record<string, string>][]][] = [
    ['Bearer', [['bearer', {}]]],
    ['Basic realm="simple"', [['basic', { realm: 'simple' }]]],
    // RFC 9110, section 11.6.1
    [
      'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
      [
        ['basic', { realm: 'simple' }],
        ['newauth', { realm: 'apps', type: '1', title: 'Login to "apps"' }],
      ],
    ],
    // RFC 6750, section 3
    [
      'Bearer realm="example", error="invalid_token", error_description="The access token expired"',
      [['bearer', { realm: 'example', error: 'invalid_token', error_description: 'The access token expired' }]],
    ],
    [
      'Negotiate, Bearer Error = "a,b" ,\tscope=x',
      [
        ['negotiate', {}],
        ['bearer', { error: 'a,b', scope: 'x' }],
      ],
    ],
    [
      'Negotiate YWJj/+==, NTLM abc',
      [
        ['negotiate', {}],
        ['ntlm', {}],
      ],
    ],
    [', ,Bearer  realm=""  ,, error=x,', [['bearer', { realm: '', error: 'x' }]]],
    ['Bearer error=first, error=second', [['bearer', { error: 'first' }]]],
    [
      ['Basic', 'Bearer error=x'],
      [
        ['basic', {}],
        ['bearer', { error: 'x' }],
      ],
    ],
    ['Bearer __proto__=x', [['bearer', JSON.parse('{"__proto__":"x"}')]]],
  ];
  for (const [header, expected] of table) assert.deepEqual(read(header), expected, String(header));
});

test('stops at what keeps to no grammar, and keeps what it had read by then', () => {
  const table: [string, number][] = [
    ['', 0],
    ['=x', 0],
    ['error=x', 0],
    ['"Bearer"', 0],
    ['Bearer(', 0],
    ['Bearer error="x', 1],
    ['Bearer realm=x, error=, Basic', 1],
    ['Bearer error=x y, Basic', 1],
    ['Bearer error="x"y, Basic', 1],
    ['Negotiate YWJj, realm=x, Basic', 1],
    ['Bearer \u0000, Basic', 1],
  ];
  for (const [header, challenges] of table) assert.equal(read(header).length, challenges, header);
});

test('stays within bounds, and in linear time, whatever comes', () => {
  assert.equal(read(Array.from({ length: 100 }, () => 'Basic').join(',')).length, 16);
  assert.equal(read(Array.from({ length: 100 }, () => 'Basic')).length, 16);
  const many = Array.from({ length: 500 }, (_, i) => `p${i}=1`).join(',');
  assert.equal(Object.keys(read(`Bearer ${many}`)[0]?.[1] ?? {}).length, 64);
  assert.deepEqual(read(`Bearer x="${'y'.repeat(9_000)}"`), []);
  // Quadratic time would take minutes for these.
  const hostile = [' ', ',', '"', '\\', '=', 'a', 'a ', 'a=', 'a,', 'a="', '\\"', 'a=a', 'a ,'];
  for (const piece of hostile) {
    const header = `Bearer ${piece.repeat(8_000 / piece.length)}`;
    for (let i = 0; i < 20; i++) readChallenges(Array.from({ length: 16 }, () => header));
  }
});

test('renews for a token that may be too old, and not for one that lacks rights', () => {
  const table: [string | string[] | undefined, boolean][] = [
    [undefined, true],
    ['Bearer realm="users"', true],
    ['Bearer error="invalid_token"', true],
    ['garbage="', true],
    ['Bearer error="insufficient_scope"', false],
    ['Bearer error="invalid_request"', false],
    [['Basic realm=x', 'Bearer error="insufficient_scope"'], false],
  ];
  for (const [header, expected] of table) {
    assert.equal(renewalMayHelp({ 'www-authenticate': header }), expected, String(header));
  }
});
