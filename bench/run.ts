import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// `npm run bench [-- --quick]`: the peers live in this folder, with a lockfile of their own, and are installed when they
// are first needed, so that `npm ci` of the house stays small.
const here = fileURLToPath(new URL('.', import.meta.url));
if (!existsSync(new URL('node_modules/opossum', import.meta.url))) {
  const install = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: here,
    stdio: 'inherit',
  });
  if (install.status !== 0) process.exit(1);
}
const quick = process.argv.includes('--quick');
const { policyBench } = await import('./policy.ts');
const { sectionText, writeReport } = await import('./report.ts');

const sections = await policyBench(quick);
for (const section of sections) process.stdout.write(`${sectionText(section)}\n`);
// A quick run is for trying; its figures are not worth keeping.
if (!quick) {
  const file = writeReport(sections, new URL('results/', import.meta.url), new Date());
  process.stdout.write(`Written to ${fileURLToPath(file)}\n`);
}
// opossum's status keeps timers that would hold the process.
process.exit(0);
