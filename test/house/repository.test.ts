import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { fencesIn } from '../../scripts/source/fences.ts';
import { filesMatching, readSource, root, type SourceFile } from '../../scripts/source/files.ts';

/* What a clone must not carry from the machine it was made on, and what must lead somewhere. */

const texts = filesMatching(
  '**/*.{ts,js,json,md,html,css,sh,yml,yaml,sql}',
  '.npmrc',
  '.ci/*',
  '.editorconfig',
  '.gitignore',
);
const pages = texts.filter(({ path }) => path.endsWith('.md'));

/** `[text](path)` and `[text]: path`, without addresses on the web and without anchors in the same page. */
function deadLinksIn({ path, text }: SourceFile, exists: (path: string) => boolean): string[] {
  let prose = text;
  for (const { code } of fencesIn({ path, text })) prose = prose.replace(code, '');
  prose = prose.replaceAll(/`[^`\n]*`/g, '');
  const links = [...prose.matchAll(/\]\(\s*<?([^)>\s]+)>?(?:\s+"[^"]*")?\s*\)|^\[[^\]]+\]:\s*(\S+)/gm)];
  return links
    .map((match) => (match[1] ?? match[2]) as string)
    .filter((link) => !/^(?:[a-z][a-z+.-]*:|#)/.test(link))
    .map((link) => posix.join(link.startsWith('/') ? '.' : posix.dirname(path), decodeURI(link.replace(/#.*$/, ''))))
    .filter((target) => target.startsWith('..') || !exists(target))
    .map((target) => `${path} links to ${target}`);
}

/** Addresses of package registries, and paths that exist on one machine only. */
function machineTracesIn({ path, text }: SourceFile): string[] {
  const traces = [
    /\b(?:registry\.)(?!d\.ts\b|test\.ts\b)[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/g,
    /(?<![\w.~*/-])\/(?:home|root|Users|work|private\/tmp|var\/folders)\/[\w.-]+/g,
    /\b[A-Z]:\\{1,2}Users\\/g,
  ];
  return traces.flatMap((trace) => [...text.matchAll(trace)].map(([found]) => `${path}: ${found}`));
}

interface Locked {
  readonly resolved?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly optional?: boolean;
  readonly integrity?: string;
  readonly optionalDependencies?: object;
}

interface Lockfile {
  readonly packages: Readonly<Record<string, Locked>>;
}

function lockfileFaults(path: string, { packages }: Lockfile): string[] {
  return Object.entries(packages).flatMap(([name, { resolved, link, hasInstallScript, optional, integrity }]) => {
    const faults: string[] = [];
    if (link !== true && resolved !== undefined) faults.push('names where it came from');
    if (hasInstallScript === true && optional !== true) faults.push('needs an install script');
    if (name.includes('node_modules/') && link !== true && integrity === undefined) faults.push('has no integrity');
    return faults.map((fault) => `${path}: ${name} ${fault}`);
  });
}

/** A platform's package that is named but not locked makes `npm ci` refuse the whole lockfile. */
function unlockedOptionals(path: string, { packages }: Lockfile): string[] {
  return Object.entries(packages).flatMap(([name, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((wanted) => !Object.keys(packages).some((one) => one.endsWith(`node_modules/${wanted}`)))
      .map((wanted) => `${path}: ${name || 'the root'} wants ${wanted}, which is not locked`),
  );
}

const lockfiles = filesMatching('**/package-lock.json');

test('every link to a file of the repository leads to one', () => {
  assert.deepEqual(
    pages.flatMap((page) => deadLinksIn(page, (path) => existsSync(join(root, path)))),
    [],
  );
});

test('no file names a registry, or a path of somebody’s machine', () => {
  assert.deepEqual(texts.filter(({ path }) => !path.endsWith('repository.test.ts')).flatMap(machineTracesIn), []);
});

test('lockfiles name versions and hashes alone, and need no install script', () => {
  assert.ok(lockfiles.length > 0);
  assert.deepEqual(
    lockfiles.flatMap(({ path, text }) => lockfileFaults(path, JSON.parse(text))),
    [],
  );
});

test('lockfiles hold every optional package, of every platform', () => {
  assert.deepEqual(
    lockfiles.flatMap(({ path, text }) => unlockedOptionals(path, JSON.parse(text))),
    [],
  );
});

test('packages and root have one version', () => {
  const versions = [readSource('package.json'), ...filesMatching('packages/*/package.json')].map(
    ({ text }) => (JSON.parse(text) as { version: string }).version,
  );
  assert.equal(new Set(versions).size, 1, versions.join(', '));
});

test('a dead link is caught, whatever its form', () => {
  const text =
    '[a](there.md#x "title") [b](../gone.md) [c](https://example.com) [d](#here) `[e](code.md)`\n\n[f]: lost.md\n';
  const found = deadLinksIn({ path: 'docs/x.md', text }, (path) => path === 'docs/there.md');
  assert.deepEqual(found, ['docs/x.md links to gone.md', 'docs/x.md links to docs/lost.md']);
});

test('a trace of a machine is caught, what only looks like one is not', () => {
  const traces = (text: string): number => machineTracesIn({ path: 'x.md', text }).length;
  for (const text of [
    'at https://registry.example.org/x',
    "'/home/someone/project'",
    '(/Users/someone)',
    'C:\\Users\\someone',
  ]) {
    assert.equal(traces(text), 1, text);
  }
  for (const text of [
    'get(`/users/{id}`)',
    '/users/42',
    'a registry of breakers',
    'pipeline/registry.d.ts',
    'pipeline/registry.test.ts',
    'docs/home/page',
    './work/x',
  ]) {
    assert.equal(traces(text), 0, text);
  }
});

test('a lockfile from another machine is caught', () => {
  const locked: Lockfile = {
    packages: {
      'node_modules/a': { resolved: 'https://example.org/a.tgz', integrity: 'sha512-a' },
      'node_modules/b': { hasInstallScript: true, integrity: 'sha512-b' },
      'node_modules/c': { optionalDependencies: { d: '1.0.0' } },
    },
  };
  assert.deepEqual(lockfileFaults('x', locked), [
    'x: node_modules/a names where it came from',
    'x: node_modules/b needs an install script',
    'x: node_modules/c has no integrity',
  ]);
  assert.deepEqual(unlockedOptionals('x', locked), ['x: node_modules/c wants d, which is not locked']);
});
