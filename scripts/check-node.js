// Plain JavaScript of long ago: it has to run on the very Node that is too old for everything else here.
// npm puts node_modules/.bin first on PATH, so this is normally the Node pinned in package.json.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const manifest = fileURLToPath(new URL('../packages/policy/package.json', import.meta.url));
const expected = JSON.parse(readFileSync(manifest, 'utf8')).engines.node;
const got = process.versions.node;

if (!expected.split('||').some((range) => holds(range.trim(), got))) {
  console.error(`Node: expected ${expected}, got ${got}.`);
  console.error('`npm ci` brings a fitting one for Linux (x64, arm64) and Windows (x64); elsewhere, install Node 24.');
  process.exit(1);
}

/** Knows the two forms that `engines` uses: `^22.19` and `>=26`. */
function holds(range, version) {
  const [, operator, wanted] = /^(\^|>=)(\d+(?:\.\d+)*)$/.exec(range) ?? [];
  if (wanted === undefined) throw new Error(`engines.node: expected ranges like ^22.19 or >=26, got ${range}`);
  const [major, minor = 0] = wanted.split('.').map(Number);
  const [gotMajor, gotMinor] = version.split('.').map(Number);
  if (gotMajor === major) return gotMinor >= minor;
  return operator === '>=' && gotMajor > major;
}
