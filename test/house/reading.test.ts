import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOnly } from '../../scripts/source/code-only.ts';
import { importsOf } from '../../scripts/source/imports.ts';

// The house rules are only as good as the reader they see the sources through.

const blanked = (text: string): string => codeOnly(text, { strings: true }).replaceAll(/ +/g, ' ').trim();

test('comments and strings turn into spaces, at the same length', () => {
  const text = "a(); // Date.now()\n/* Math.random()\n */ b('Date.now()');";
  const code = codeOnly(text, { strings: true });
  assert.equal(code.length, text.length);
  assert.equal(code.split('\n').length, 3);
  assert.doesNotMatch(code, /Date|Math/);
  assert.match(code, /a\(\);[\s\S]*b\(' +'\);/);
});

test('a quote inside a comment, and a comment inside a quote, mislead nobody', () => {
  assert.equal(blanked("x(); // it's\ny('// no');"), "x(); \ny(' ');");
});

test('code inside a template stays, what is around it goes', () => {
  assert.equal(blanked(`\`a \${now({ b: \`c \${d}\` })} e\` + f`), `\` \${now({ b: \` \${d}\` })} \` + f`);
});

test('a regular expression is not code, a division is', () => {
  assert.equal(blanked('const a = /[\'"/*]/.test(b) && c / d / e;'), 'const a = / /.test(b) && c / d / e;');
  assert.equal(blanked("return /[/]'/; x"), 'return / /; x');
});

test('every form of import is seen, with what it loads', () => {
  const text = `
import a from 'a';
import type { B } from './b.ts';
import { type C } from '../c.ts';
import * as d from "node:d";
import {
  e,
} from './deep/e.ts';
import './f.ts';
export * from './g.ts';
export type { H } from './h.ts';
export { i } from './i.ts';
const j = await import('./j.ts');
type K = typeof import('./k.ts');
type L = import('./l.ts').L;
// import { m } from './m.ts';
const text = "import { n } from './n.ts'";
import type from './o.ts';
const from = 'p';
`;
  const seen = importsOf({ path: 'x/y/z.ts', text }).map(({ specifier, to, typeOnly }) => [specifier, to, typeOnly]);
  assert.deepEqual(seen, [
    ['a', undefined, false],
    ['./b.ts', 'x/y/b.ts', true],
    ['../c.ts', 'x/c.ts', false],
    ['node:d', undefined, false],
    ['./deep/e.ts', 'x/y/deep/e.ts', false],
    ['./f.ts', 'x/y/f.ts', false],
    ['./g.ts', 'x/y/g.ts', false],
    ['./h.ts', 'x/y/h.ts', true],
    ['./i.ts', 'x/y/i.ts', false],
    ['./j.ts', 'x/y/j.ts', false],
    ['./k.ts', 'x/y/k.ts', true],
    ['./l.ts', 'x/y/l.ts', false],
    ['./o.ts', 'x/y/o.ts', false],
  ]);
});
