import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '@switchgear/policy';
import { readBaggage } from './baggage.ts';
import { BaggageRecipients } from './baggage-recipients.ts';

const members = (count: number): string => Array.from({ length: count }, (_, i) => `k${i}=v`).join(',');

test('takes what the standard allows, as it came', () => {
  for (const baggage of [
    'userId=alice',
    'userId=Am%C3%A9lie,serverNode=DF%2028,isProduction=false',
    'key1=value1;property1;property2 = value2, key2 = value2',
    'empty=',
    'a=b=c',
    members(64),
    `a=${'x'.repeat(8_190)}`,
  ]) {
    assert.equal(readBaggage(baggage), baggage, baggage.slice(0, 40));
  }
});

test('takes nothing that is malformed or beyond the limits, and no part of it', () => {
  for (const baggage of [
    undefined,
    '',
    'a',
    '=1',
    'a=1,',
    'a=1,,b=2',
    'a b=1',
    'a=b c',
    'a="1"',
    'a=1\\',
    'a=1;',
    'a=1;p q',
    'a=é',
    'a=1\r\nx: y',
    members(65),
    `a=${'x'.repeat(8_191)}`,
    ','.repeat(65_536),
    ' '.repeat(8_000),
  ]) {
    assert.equal(readBaggage(baggage), undefined, String(baggage).slice(0, 40));
  }
});

test('tells nobody who is not named', () => {
  assert.equal(new BaggageRecipients('to', []).has('https://users.internal'), false);
  const named = new BaggageRecipients('to', ['https://users.internal:8443', 'orders.internal', '*.shop.test', '[::1]']);
  const told = [
    'https://users.internal:8443',
    'http://orders.internal:81',
    'https://orders.internal.',
    'https://a.b.shop.test',
    'http://[::1]:80',
  ];
  const untold = [
    'https://users.internal',
    'http://users.internal:8443',
    'https://evil-orders.internal',
    'https://shop.test',
    'https://evilshop.test',
    'https://shop.test.evil.test',
  ];
  for (const origin of told) assert.equal(named.has(origin), true, origin);
  for (const origin of untold) assert.equal(named.has(origin), false, origin);
  // The second time it is remembered.
  for (const origin of untold) assert.equal(named.has(origin), false, origin);
});

test('forgets origins rather than keep one more than it has room for', () => {
  const named = new BaggageRecipients('to', ['*.test']);
  for (let i = 0; i < 3_000; i++) assert.equal(named.has(`http://h${i}.test`), true);
  assert.equal(named.has('http://h0.test'), true);
});

test('refuses names that no host can have, by their place', () => {
  for (const given of [
    '',
    '*',
    '*.',
    'a b',
    'https://a.test/path',
    'https://u@a.test',
    'ftp://a.test',
    'a.test:80',
    'a/b',
  ]) {
    assert.throws(
      () => new BaggageRecipients('to', ['a.test', given]),
      (error) => error instanceof ConfigError && error.path === 'to.1',
      given,
    );
  }
});
