import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { alertRules } from './monitoring/alerts.ts';
import { dashboardJson } from './monitoring/dashboard.ts';
import { root } from './source/files.ts';

/** What is made of the registry of metrics, by where it stands from the root. */
export const monitoringFiles: Readonly<Record<string, () => string>> = {
  'docs/operate/prometheus-alerts.yaml': alertRules,
  'docs/operate/grafana-dashboard.json': dashboardJson,
};

if (import.meta.main) {
  for (const [path, make] of Object.entries(monitoringFiles)) {
    writeFileSync(join(root, path), make());
    console.log(path);
  }
}
