import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './source/files.ts';
import { type DeclaredOption, shownDefault } from './source/options.ts';
import { type PublicOptions, publicOptionsOf, readPackages } from './source/public-options.ts';

/** Where the page stands, from the root. */
export const defaultsPagePath = 'docs/defaults.md';

const head = `# Defaults

Every option of every package, with what holds when it is left out. The same values are exported as constants, and a
test compares the two. Milliseconds end in \`Ms\`, shares in \`Ratio\`.

Impossible or contradictory settings are refused when a thing is made, with a \`ConfigError\`: *path: expected, got*.

This page is made from the comments in the sources. After changing one, run \`npm run defaults\`.
`;

/** The page, from the options as the sources declare them. */
export function defaultsPage(options: readonly PublicOptions[]): string {
  const names = [...new Set(options.map(({ packageName }) => packageName))];
  const parts = names.map((name) => {
    const own = options.filter(({ packageName }) => packageName === name).sort((a, b) => (a.name < b.name ? -1 : 1));
    return `## ${name}\n\n${own.map(section).join('\n')}`;
  });
  return [head, ...parts].join('\n');
}

function section({ name, defaultsName, defaults, options }: PublicOptions): string {
  const constant = defaults === undefined ? '' : `As a constant: \`${defaultsName}\`.\n\n`;
  return `### ${name}\n\n${constant}| Option | Default | Meaning |\n|---|---|---|\n${options.map(row).join('\n')}\n`;
}

function row({ name, optional, about, default: text }: DeclaredOption): string {
  const value = optional ? shownDefault(text ?? '') : 'required';
  return `| \`${name}\` | ${escaped(value)} | ${escaped(about ?? '')} |`;
}

function escaped(cell: string): string {
  return cell.replaceAll('|', '\\|');
}

if (import.meta.main) {
  const options = (await readPackages()).flatMap(publicOptionsOf);
  writeFileSync(join(root, defaultsPagePath), defaultsPage(options));
  console.log(`${defaultsPagePath}: ${options.length} interfaces of options`);
}
