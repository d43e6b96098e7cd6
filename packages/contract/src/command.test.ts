import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCommand } from './command.ts';

const document = join(import.meta.dirname, '../test/documents/users.yaml');
let folder = '';

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'switchgear-contract-'));
});
after(() => rmSync(folder, { recursive: true }));

function run(...args: string[]): { status: number; out: string; err: string } {
  const out: string[] = [];
  const err: string[] = [];
  const status = runCommand(args, { out: (text) => out.push(text), err: (text) => err.push(text) });
  return { status, out: out.join(''), err: err.join('') };
}

test('prints the module', () => {
  const { status, out, err } = run(document);
  assert.equal(status, 0);
  assert.equal(out, readFileSync(document.replace(/\.yaml$/, '.contract.ts'), 'utf8'));
  assert.equal(err, '');
});

test('writes the module into a file, its folder too, and --check then finds it as it should be', () => {
  const file = join(folder, 'src/users.contract.ts');
  assert.deepEqual(run(document, '--out', file), { status: 0, out: '', err: '' });
  assert.deepEqual(run(document, '--out', file, '--check'), { status: 0, out: '', err: '' });
});

test('--check ends with 1 and writes nothing when the file is another, or is not there', () => {
  const file = join(folder, 'other.ts');
  assert.equal(run(document, '--out', file, '--check').status, 1);
  writeFileSync(file, 'other');
  const { status, err } = run(document, '--out', file, '--check');
  assert.equal(status, 1);
  assert.match(err, /is not what the document makes/);
  assert.equal(readFileSync(file, 'utf8'), 'other');
});

test('ends with 2, in words, when it is asked wrongly or the document will not do', () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [[], /^switchgear-contract: operations/],
    [[document, document], /^switchgear-contract: operations/],
    [[document, '--check'], /^switchgear-contract: operations/],
    [[document, '--outt', 'x'], /Unknown option '--outt'/],
    [[join(folder, 'nothing.yaml')], /no such file/],
    [[folder], /EISDIR/],
  ];
  for (const [args, message] of cases) {
    const { status, err, out } = run(...args);
    assert.equal(status, 2, args.join(' '));
    assert.match(err, message);
    assert.equal(out, '');
  }
  const bad = join(folder, 'bad.yaml');
  writeFileSync(bad, 'openapi: 3.0.0');
  assert.match(run(bad).err, /^bad\.yaml:1:1: .*expected a version 3\.1/);
});
