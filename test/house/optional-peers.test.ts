import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import { filesMatching, readSource } from '../../scripts/source/files.ts';
import { importsOf } from '../../scripts/source/imports.ts';

/*
 * An optional peer is paid for by who uses it: it stands behind a sub-path, and what everybody imports does not load it.
 */

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, { '@switchgear/source'?: string }>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const manifests = filesMatching('packages/*/package.json').map(({ path, text }) => ({
  folder: posix.dirname(path),
  manifest: JSON.parse(text) as Manifest,
}));

/** What is loaded with a file: packages by their names, files by their paths. */
function loadedBy(file: string): Set<string> {
  const loaded = new Set<string>([file]);
  for (const path of loaded) {
    if (!path.endsWith('.ts')) continue;
    for (const { to, specifier, typeOnly } of importsOf(readSource(path))) {
      if (!typeOnly) loaded.add(to ?? specifier);
    }
  }
  return loaded;
}

test('every peer is optional', () => {
  for (const { manifest } of manifests) {
    for (const peer of Object.keys(manifest.peerDependencies ?? {})) {
      assert.equal(manifest.peerDependenciesMeta?.[peer]?.optional, true, `${manifest.name}: ${peer}`);
    }
  }
});

test('the main entry of a package loads no optional peer', () => {
  for (const { folder, manifest } of manifests) {
    const main = manifest.exports['.']?.['@switchgear/source'];
    assert.ok(main !== undefined, manifest.name);
    const loaded = [...loadedBy(posix.join(folder, main))].filter((path) => !path.endsWith('.ts'));
    const peers = Object.keys(manifest.peerDependencies ?? {});
    const found = loaded.filter((name) => peers.some((peer) => name === peer || name.startsWith(`${peer}/`)));
    assert.deepEqual(found, [], manifest.name);
  }
});

test('a sub-path is seen to load its peer, so that the rule above could be broken', () => {
  const loaded = loadedBy('packages/client/src/http-cache/index.ts');
  assert.ok(loaded.has('http-cache-semantics'), [...loaded].join('\n'));
});

test('the transport over fetch loads neither undici nor anything of Node', () => {
  const loaded = [...loadedBy('packages/client/src/transport/fetch/index.ts')].filter((path) => !path.endsWith('.ts'));
  assert.deepEqual(loaded, ['@switchgear/policy']);
});
