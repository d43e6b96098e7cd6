import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Report } from './report.ts';

// `npm run bench [-- policy | http] [--quick]`: the peers live in this folder, with a lockfile of their own, and are
// installed when they are first needed, so that `npm ci` of the house stays small.
const here = fileURLToPath(new URL('.', import.meta.url));
if (['opossum', 'got'].some((peer) => !existsSync(new URL(`node_modules/${peer}`, import.meta.url)))) {
  const install = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: here,
    stdio: 'inherit',
  });
  if (install.status !== 0) process.exit(1);
}

const benches: Readonly<Record<string, (quick: boolean) => Promise<Report>>> = {
  async policy(quick) {
    const { policyBench, sectionText } = await import('./policy/policy.ts');
    const sections = (await policyBench(quick)).map(sectionText);
    return { kind: '', title: 'What the policies cost', command: 'npm run bench', sections };
  },
  async http(quick) {
    const { httpBench, httpTableText } = await import('./http/http.ts');
    const sections = (await httpBench(quick)).map(httpTableText);
    return { kind: 'http-', title: 'What a whole call costs', command: 'npm run bench -- http', sections };
  },
};

const quick = process.argv.includes('--quick');
const asked = process.argv.slice(2).find((word) => !word.startsWith('-')) ?? 'policy';
const bench = Object.hasOwn(benches, asked) ? benches[asked] : undefined;
if (bench === undefined) {
  process.stderr.write(`bench: expected one of ${Object.keys(benches).join(', ')}, got ${asked}\n`);
  process.exit(2);
}
const report = await bench(quick);
for (const section of report.sections) process.stdout.write(`${section}\n`);
// A quick run is for trying; its figures are not worth keeping.
if (!quick) {
  const { writeReport } = await import('./report.ts');
  const file = writeReport(report, new URL('results/', import.meta.url), new Date());
  process.stdout.write(`Written to ${fileURLToPath(file)}\n`);
}
// opossum's status keeps timers that would hold the process.
process.exit(0);
