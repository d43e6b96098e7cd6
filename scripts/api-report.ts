import { existsSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { type EntryReport, reportEntry } from './source/declarations.ts';
import { filesMatching, readSource, root, type SourceFile } from './source/files.ts';

/*
 * npm run api: writes packages/<name>/api.d.ts, all that users of a package can see, from the declarations that the
 * compiler emitted. It is committed, so that a change of the public face shows as a difference somebody looks at.
 */

/** A package's report, and where it is kept. */
export interface ApiReport {
  readonly path: string;
  readonly text: string;
}

/** The reports of all packages, as they are built. */
export function apiReports(): ApiReport[] {
  return filesMatching('packages/*/package.json').map(({ path, text }) => {
    const folder = posix.dirname(path);
    const { name, exports } = JSON.parse(text) as { name: string; exports: Record<string, { types?: string }> };
    const shown = new Set<string>();
    const sections = Object.entries(exports).flatMap(([subPath, { types }]) => {
      if (types === undefined) return [];
      const report = reportEntry(posix.join(folder, types), readBuilt);
      return [section(posix.join(name, subPath), report, `${folder}/dist/`, shown)];
    });
    const head = `// The public face of ${name}, made by \`npm run api\`.`;
    return { path: `${folder}/api.d.ts`, text: `${[head, ...sections].join('\n\n')}\n` };
  });
}

/** One entry point. What an earlier one has shown is only named. */
function section(
  name: string,
  { exports, declarations, outside }: EntryReport,
  dist: string,
  shown: Set<string>,
): string {
  const lines = [`// ${'='.repeat(10)} ${name}`];
  for (const [specifier, names] of [...outside].sort()) {
    lines.push('', `import type { ${[...names].sort().join(', ')} } from '${specifier}';`);
  }
  const isPublic = new Set([...exports].flatMap(([own, all]) => all.filter((one) => one.name === own)));
  const again = [...exports].filter(([own, all]) => all.some((one) => one.name !== own || shown.has(keyOf(one))));
  if (again.length > 0) {
    const names = again.map(([own, [one]]) => (one === undefined || one.name === own ? own : `${one.name} as ${own}`));
    lines.push('', `export { ${names.sort().join(', ')} };`);
  }
  let file = '';
  for (const declaration of declarations) {
    if (shown.has(keyOf(declaration))) continue;
    if (declaration.file !== file) lines.push('', `// ${declaration.file.slice(dist.length)}`);
    file = declaration.file;
    lines.push(isPublic.has(declaration) ? declaration.text : declaration.text.replace(/^export /, ''));
  }
  for (const declaration of declarations) shown.add(keyOf(declaration));
  return lines.join('\n');
}

function keyOf({ file, text }: { readonly file: string; readonly text: string }): string {
  return `${file}\n${text}`;
}

function readBuilt(path: string): SourceFile {
  if (!existsSync(join(root, path))) throw new Error(`${path}: expected the packages to be built, got no such file`);
  return readSource(path);
}

if (import.meta.main) {
  for (const { path, text } of apiReports()) {
    writeFileSync(join(root, path), text);
    console.log(`${path}: ${text.split('\n').length} lines`);
  }
}
