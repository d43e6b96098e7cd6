import { posix } from 'node:path';
import { codeOnly } from './code-only.ts';
import { filesMatching, type SourceFile } from './files.ts';
import { type DeclaredOptions, defaultsName, optionsIn } from './options.ts';

/** Options that users of a package see, and the constant that holds their defaults. */
export interface PublicOptions extends DeclaredOptions {
  /** Such as `@switchgear/policy`. */
  readonly packageName: string;
  readonly defaultsName: string;
  /** The exported constant; `undefined` when there is none. */
  readonly defaults: Readonly<Record<string, unknown>> | undefined;
}

/** What a package exports to its users, and the files it is made of. */
export interface PackageSources {
  readonly name: string;
  readonly files: readonly SourceFile[];
  /** Where its index and each of its sub-paths begin. */
  readonly entries: readonly string[];
  /** What all of them export. */
  readonly exported: Readonly<Record<string, unknown>>;
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, { readonly '@switchgear/source'?: string }>>;
}

/** The packages, as their sources stand. Needs `--conditions=@switchgear/source`. */
export async function readPackages(): Promise<PackageSources[]> {
  return Promise.all(
    filesMatching('packages/*/package.json').map(async (manifest) => {
      const { name, exports } = JSON.parse(manifest.text) as Manifest;
      const folder = posix.dirname(manifest.path);
      const files = filesMatching(`${folder}/src/**/*.ts`).filter(({ path }) => !path.endsWith('.test.ts'));
      const subPaths = Object.entries(exports).flatMap(([subPath, { '@switchgear/source': source }]) =>
        source === undefined ? [] : [{ specifier: posix.join(name, subPath), entry: posix.join(folder, source) }],
      );
      const exported = Object.assign({}, ...(await Promise.all(subPaths.map(({ specifier }) => import(specifier)))));
      return { name, files, entries: subPaths.map(({ entry }) => entry), exported };
    }),
  );
}

/** The interfaces of options among what a package exports. */
export function publicOptionsOf({ name, files, entries, exported }: PackageSources): PublicOptions[] {
  return files
    .flatMap(optionsIn)
    .filter((options) => entries.some((entry) => exportsName(files, entry, options)))
    .map((options) => ({
      ...options,
      packageName: name,
      defaultsName: defaultsName(options.name),
      defaults: exported[defaultsName(options.name)] as PublicOptions['defaults'],
    }));
}

function exportsName(files: readonly SourceFile[], entry: string, { name, file }: DeclaredOptions): boolean {
  if (entry === file) return true;
  const text = files.find(({ path }) => path === entry)?.text;
  if (text === undefined) return false;
  const code = codeOnly(text, { strings: false });
  const lists = [...code.matchAll(/\bexport\s+(?:type\s+)?\{([^}]*)\}/g)].map((match) => match[1] as string);
  if (lists.some((list) => new RegExp(`\\b${name}\\b`).test(list))) return true;
  const stars = [...code.matchAll(/\bexport\s+\*\s+from\s+'(\..+?)'/g)];
  return stars.some((star) =>
    exportsName(files, posix.join(posix.dirname(entry), star[1] as string), { name, file, options: [] }),
  );
}
