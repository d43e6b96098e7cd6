import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { defaultsPage, defaultsPagePath } from '../../scripts/defaults-page.ts';
import { filesMatching, readSource, root } from '../../scripts/source/files.ts';
import { documented, optionsIn } from '../../scripts/source/options.ts';
import { type PublicOptions, publicOptionsOf, readPackages } from '../../scripts/source/public-options.ts';
import { plain, type Table, tablesIn } from '../../scripts/source/tables.ts';
import { lineDifference } from '../line-difference.ts';

/*
 * Every option says what it is and what holds without it; what it says, what the exported constant holds and what the
 * docs show is one and the same.
 */

const packages = await readPackages();
const everyOption = packages.flatMap(publicOptionsOf);

test('every option is described, and says its default', () => {
  assert.deepEqual(everyOption.flatMap(undescribed), []);
});

test('every documented default is the value of the exported constant', () => {
  assert.deepEqual(everyOption.flatMap(differing), []);
});

test('every constant of defaults is exported, and belongs to options that are', () => {
  const known = everyOption.map(({ defaultsName }) => defaultsName);
  const strays = packages.flatMap(({ files, exported }) =>
    files.flatMap(({ path, text }) =>
      [...text.matchAll(/^export const (\w+Defaults)\b/gm)]
        .map((match) => match[1] as string)
        .filter((name) => !Object.hasOwn(exported, name) || !known.includes(name))
        .map((name) => `${path}: ${name}`),
    ),
  );
  assert.deepEqual(strays, []);
});

test('the page of defaults is of now; `npm run defaults` makes it so', () => {
  assert.ok(existsSync(join(root, defaultsPagePath)), `${defaultsPagePath} is missing: npm run defaults`);
  const difference = lineDifference(readSource(defaultsPagePath).text, defaultsPage(everyOption));
  assert.ok(difference === '', `${defaultsPagePath}: run npm run defaults\n${difference}`);
});

test('the tables of options on all other pages agree with the sources', () => {
  const pages = filesMatching('docs/**/*.md', 'README*.md', 'packages/*/README.md');
  const tables = pages.filter(({ path }) => path !== defaultsPagePath).flatMap(tablesIn);
  assert.deepEqual(
    tables.flatMap((table) => disagreeing(table, everyOption)),
    [],
  );
});

// What the rules above would catch, shown on options that are wrong.

const source = `
export interface LampOptions {
  /** How bright, in lumen. @default 1_000 */
  readonly brightness?: number;
  /**
   * What it shines with; see { above }.
   * @default 'white'
   */
  readonly colour?: 'white' | 'red';
  /** Whom to tell. @default none */
  readonly tell?: (lit: { readonly at: number }) => void;
  readonly dim?: boolean;
  /** Where it hangs. */
  readonly place: string;
}
`;

function lamp(defaults: Record<string, unknown>, text = source): PublicOptions {
  const [found] = optionsIn({ path: 'lamp.ts', text });
  assert.ok(found !== undefined);
  return { ...found, packageName: 'lamp', defaultsName: 'lampDefaults', defaults };
}

test('options are read as they are declared', () => {
  assert.deepEqual(lamp({}).options, [
    { name: 'brightness', optional: true, about: 'How bright, in lumen.', default: '1_000' },
    { name: 'colour', optional: true, about: 'What it shines with; see { above }.', default: "'white'" },
    { name: 'tell', optional: true, about: 'Whom to tell.', default: 'none' },
    { name: 'dim', optional: true, about: undefined, default: undefined },
    { name: 'place', optional: false, about: 'Where it hangs.', default: undefined },
  ]);
});

test('an option without a description or a default is caught', () => {
  assert.deepEqual(undescribed(lamp({})), ['LampOptions.dim in lamp.ts: no JSDoc']);
  const noDefault = lamp(
    {},
    'export interface LampOptions {\n  /** How bright. */\n  readonly brightness?: number;\n}',
  );
  assert.deepEqual(undescribed(noDefault), ['LampOptions.brightness in lamp.ts: no @default']);
});

test('a default that differs from its constant is caught, and so is one without the other', () => {
  assert.deepEqual(differing(lamp({ brightness: 1_000, colour: 'white' })), []);
  assert.deepEqual(differing(lamp({ brightness: 999, size: 3 })), [
    'LampOptions.brightness says @default 1_000, lampDefaults.brightness is 999',
    "LampOptions.colour says @default 'white', lampDefaults has none",
    'lampDefaults.size is no option of LampOptions',
  ]);
  assert.deepEqual(differing(lamp({ brightness: 1_000, colour: 'white', tell: 1 })), [
    'LampOptions.tell says @default none, lampDefaults.tell is 1',
  ]);
});

test('a table that says something else is caught', () => {
  const page = (rows: string): Table[] =>
    tablesIn({ path: 'lamp.md', text: `| Option | Default |\n|---|---|\n${rows}` });
  const known = [lamp({ brightness: 1_000, colour: 'white' })];
  const said = (rows: string): string[] => page(rows).flatMap((table) => disagreeing(table, known));
  assert.deepEqual(said("| `brightness` | `1_000` |\n| `colour` | 'white' |\n| `tell` | none |"), []);
  assert.deepEqual(said('| `brightness` | 1,000 ms |'), []);
  assert.deepEqual(said('| `brightness` | `900` |'), ['lamp.md:1: brightness is 1_000 in LampOptions, not 900']);
  assert.deepEqual(said('| `brightnes` | `1_000` |'), ['lamp.md:1: no options have brightnes']);
});

function undescribed({ name, file, options }: PublicOptions): string[] {
  return options.flatMap((option) => {
    const missing =
      option.about === undefined ? 'no JSDoc' : option.optional && option.default === undefined ? 'no @default' : '';
    return missing === '' ? [] : [`${name}.${option.name} in ${file}: ${missing}`];
  });
}

function differing({ name, defaultsName, defaults, options }: PublicOptions): string[] {
  if (defaults === undefined) return [];
  const wrong = options.flatMap((option) => {
    const text = option.default ?? 'none';
    const said = documented(text);
    const has = Object.hasOwn(defaults, option.name);
    if (said.literal ? has && isDeepStrictEqual(defaults[option.name], said.value) : !has) return [];
    const held = has
      ? `${defaultsName}.${option.name} is ${JSON.stringify(defaults[option.name])}`
      : `${defaultsName} has none`;
    return [`${name}.${option.name} says @default ${text}, ${held}`];
  });
  const strange = Object.keys(defaults).filter((key) => !options.some((option) => option.name === key));
  return [...wrong, ...strange.map((key) => `${defaultsName}.${key} is no option of ${name}`)];
}

/** A table with the columns Option and Default must be true of some interface that has all of its options. */
function disagreeing({ path, line, columns, rows }: Table, known: readonly PublicOptions[]): string[] {
  if (!columns.includes('Option') || !columns.includes('Default')) return [];
  const names = rows.map((row) => plain(row.Option));
  const fitting = known.filter(({ options }) => names.every((name) => options.some((option) => option.name === name)));
  if (fitting.length === 0) return [`${path}:${line}: no options have ${names.join(', ')}`];
  const complaints = fitting.map(({ name, options }) =>
    rows.flatMap((row) => {
      const option = options.find((one) => one.name === plain(row.Option));
      const text = option?.optional === false ? 'required' : (option?.default ?? 'none');
      if (sameDefault(plain(row.Default), text)) return [];
      return [`${path}:${line}: ${option?.name} is ${text} in ${name}, not ${plain(row.Default)}`];
    }),
  );
  return complaints.find((one) => one.length === 0) ?? (complaints[0] as string[]);
}

/** Docs may write `1,000 ms` for 1_000; words that stand for no value are the page's own. */
function sameDefault(shown: string, text: string): boolean {
  const said = documented(text);
  if (!said.literal) return shown !== '' && !documented(shown).literal;
  const value = documented(shown.replace(/ (?:ms|bytes|calls)$/, '').replaceAll(/(?<=\d),(?=\d{3})/g, ''));
  return value.literal && isDeepStrictEqual(value.value, said.value);
}
