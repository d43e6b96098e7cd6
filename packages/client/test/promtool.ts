import { spawnSync } from 'node:child_process';

/** Why tests that need Prometheus' own tool are skipped here; `false` where it is there. CI installs it. */
export const withoutPromtool: string | false =
  spawnSync('promtool', ['--version']).error === undefined
    ? false
    : 'promtool is not on this machine: it is in the Debian package prometheus';

/** What promtool says to a scrape: nothing if it is well-formed and holds to the naming rules. */
export function checkMetrics(text: string): string {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  return status === 0 ? '' : `${stdout}${stderr}`.trim();
}
