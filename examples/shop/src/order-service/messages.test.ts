import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LANGUAGES, languageFor, MESSAGE_KEYS, PROBLEM_KINDS, text } from './messages.ts';

const WISHES: readonly (readonly [wish: string | undefined, language: string, why: string])[] = [
  [undefined, 'en', 'nothing is asked for'],
  ['', 'en', 'nothing is asked for'],
  ['ko', 'ko', 'Korean is asked for'],
  ['ko-KR', 'ko', 'Korean of Korea is Korean'],
  ['KO-kr', 'ko', 'case does not matter'],
  ['en', 'en', 'English is asked for'],
  ['ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7', 'ko', 'a Korean browser asks'],
  ['en-US,en;q=0.9,ko;q=0.8', 'en', 'an English browser asks'],
  ['en;q=0.5, ko;q=0.8', 'ko', 'quality goes before place'],
  ['ko, en', 'ko', 'the first of two equals wins'],
  ['en, ko', 'en', 'the first of two equals wins'],
  ['fr, ko;q=0.3', 'ko', 'the best of what there is wins'],
  ['fr', 'en', 'neither is asked for'],
  ['*', 'en', 'anything will do'],
  ['ko;q=0, *', 'en', 'Korean is ruled out'],
  ['en;q=0, *;q=0.1', 'ko', 'English is ruled out'],
  ['ko;q=0.5, *;q=0.9', 'en', 'anything else is liked better'],
  ['ko;q=0.5, *;q=0.5', 'ko', 'a named language goes before the wildcard'],
  ['en;q=0, ko;q=0', 'en', 'everything is ruled out'],
  ['ko;q=1.5', 'en', 'a quality above 1 is none'],
  ['ko;q=high', 'en', 'a quality in words is none'],
  ['ko;level=1', 'en', 'a parameter that is not a quality spoils its range'],
  ['korean', 'en', 'a longer tag that begins alike is another language'],
  [';;;,,,=', 'en', 'nonsense asks for nothing'],
];

for (const [wish, language, why] of WISHES) {
  test(`answers in ${language} to Accept-Language ${JSON.stringify(wish)}: ${why}`, () => {
    assert.equal(languageFor(wish), language);
  });
}

test('says every sentence in every language, each in its own', () => {
  for (const key of MESSAGE_KEYS) {
    for (const language of LANGUAGES) assert.notEqual(text(key, language).trim(), '', `${key} in ${language}`);
    assert.match(text(key, 'ko'), /\p{Script=Hangul}/u, key);
    assert.doesNotMatch(text(key, 'en'), /\p{Script=Hangul}/u, key);
  }
});

test('has a title and a detail for every kind of problem', () => {
  for (const kind of PROBLEM_KINDS) {
    assert.ok(MESSAGE_KEYS.includes(`${kind}.title`));
    assert.ok(MESSAGE_KEYS.includes(`${kind}.detail`));
  }
});

test('speaks the Korean of the service this one replaces', () => {
  assert.equal(text('unknown-user.detail', 'ko'), '존재하지 않는 사용자입니다');
  assert.equal(
    text('user-service-away.detail', 'ko'),
    '일시적으로 주문을 처리할 수 없습니다. 잠시 후 다시 시도해주세요',
  );
});
