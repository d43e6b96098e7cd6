import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { apiReports } from '../../scripts/api-report.ts';
import { type EntryReport, reportEntry } from '../../scripts/source/declarations.ts';
import { readSource, root } from '../../scripts/source/files.ts';
import { lineDifference } from '../line-difference.ts';
import { runNode, tsc } from '../run-node.ts';

/*
 * What users of a package see is written down in its api.d.ts, so that nobody changes it without looking. A difference
 * is not a mistake: `npm run api` takes it over, and the commit shows it.
 */

before(async () => {
  const { code, output } = await runNode([tsc, '-b'], { cwd: root });
  assert.equal(code, 0, output);
});

test('the public face of every package is the one that is written down; `npm run api` writes it', () => {
  for (const { path, text } of apiReports()) {
    const written = existsSync(join(root, path)) ? readSource(path).text : '';
    const difference = lineDifference(written, text);
    assert.ok(difference === '', `${path}: run npm run api\n${difference}`);
  }
});

// What the report sees, shown on declarations that are made up.

const built: Readonly<Record<string, string>> = {
  'dist/index.d.ts': `
    export { lamp, type Lamp as Light } from './lamp.ts';
    export * from './colour.js';
    import type { Socket } from 'node:net';
    /** Where it is plugged in. */
    export declare const socket: Socket;`,
  'dist/lamp.d.ts': `
    import type { Watt } from './watt.ts';
    /** Shines. */
    export interface Lamp {
        /** How much. { */
        readonly power: Watt;
    }
    export declare function lamp(): Lamp;
    export declare function hidden(): Secret;
    interface Secret {
    }`,
  'dist/colour.d.ts': "export type Colour = 'red' | 'white';",
  'dist/watt.d.ts': 'export type Watt = number;\nexport type Volt = number;',
};

function reportOf(files: Readonly<Record<string, string>> = built): EntryReport {
  return reportEntry('dist/index.d.ts', (path) => ({ path, text: files[path] as string }));
}

test('the report shows what is exported and what that leads to, and nothing else', () => {
  const { exports, declarations, outside } = reportOf();
  assert.deepEqual([...exports.keys()].sort(), ['Colour', 'Light', 'lamp', 'socket']);
  assert.deepEqual(
    declarations.map(({ name }) => name),
    ['Colour', 'socket', 'Lamp', 'lamp', 'Watt'],
  );
  assert.deepEqual([...outside], [['node:net', new Set(['Socket'])]]);
});

test('the report has signatures without comments', () => {
  const lamp = reportOf().declarations.find(({ name }) => name === 'Lamp');
  assert.equal(lamp?.text, 'export interface Lamp {\n    readonly power: Watt;\n  }');
});

test('a change of a signature changes the report, a change of a comment does not', () => {
  const textOf = (files: Readonly<Record<string, string>>): string[] =>
    reportOf(files).declarations.map(({ text }) => text);
  const other = (from: string, to: string): Readonly<Record<string, string>> => ({
    ...built,
    'dist/lamp.d.ts': (built['dist/lamp.d.ts'] as string).replace(from, to),
  });
  assert.deepEqual(textOf(other('Shines.', 'Gives light.')), textOf(built));
  assert.deepEqual(textOf(other('hidden()', 'hidden(how: number)')), textOf(built));
  assert.notDeepEqual(textOf(other('lamp():', 'lamp(power: Watt):')), textOf(built));
  assert.notDeepEqual(textOf(other('readonly power', 'readonly power?')), textOf(built));
});
