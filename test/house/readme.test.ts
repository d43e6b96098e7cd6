import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fencesIn } from '../../scripts/source/fences.ts';
import { readSource } from '../../scripts/source/files.ts';

/* The first page: short, code early, and the same in both languages. */

const english = readSource('README.md');
const korean = readSource('README.ko.md');

function headingsOf(text: string): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '');
  return [...prose.matchAll(/^(#+) /gm)].map((match) => match[1] as string);
}

test('the README has at most 150 lines', () => {
  for (const { path, text } of [english, korean]) assert.ok(text.trimEnd().split('\n').length <= 150, path);
});

test('its first code stands within 30 lines', () => {
  for (const page of [english, korean])
    assert.ok((fencesIn(page)[0]?.line ?? Number.POSITIVE_INFINITY) <= 30, page.path);
});

test('both languages have the same headings and the same code', () => {
  assert.deepEqual(headingsOf(korean.text), headingsOf(english.text));
  const codeOf = (page: typeof english): string[] => fencesIn(page).map(({ language, code }) => `${language}\n${code}`);
  assert.deepEqual(codeOf(korean), codeOf(english));
});

test('each links to the other', () => {
  assert.match(english.text, /\]\(README\.ko\.md\)/);
  assert.match(korean.text, /\]\(README\.md\)/);
});

test('the README names the two commands', () => {
  const shell = fencesIn(english).filter(({ language }) => language === 'sh');
  const said = shell.map(({ code }) => code).join('\n');
  for (const command of ['npm ci && npm start', 'npm ci && npm test']) assert.ok(said.includes(command), command);
});
