import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { metricDefinitions, prometheusLabel, prometheusName } from '@switchgear/client/metrics';
import { alerts } from '../../scripts/monitoring/alerts.ts';
import { board } from '../../scripts/monitoring/dashboard.ts';
import { monitoringFiles } from '../../scripts/monitoring.ts';
import { readSource, root } from '../../scripts/source/files.ts';
import { tablesIn } from '../../scripts/source/tables.ts';

/* What people see at night is made of the metrics that there are, and every metric is there to be seen. */

const definitions = Object.values(metricDefinitions);
const queries = board.flatMap(({ panels }) => panels.flatMap((panel) => panel.queries.map(({ expr }) => expr)));

for (const [path, make] of Object.entries(monitoringFiles)) {
  test(`${path} is what \`npm run monitoring\` makes`, () => {
    assert.equal(readSource(path).text, make());
  });
}

test('docs/operate/metrics.md has a row for every metric, with its names, its kind, its labels and what it says', () => {
  const page = readSource('docs/operate/metrics.md');
  const [table] = tablesIn(page).filter(({ columns }) => columns.includes('OpenTelemetry'));
  const columns = ['Prometheus', 'OpenTelemetry', 'Kind', 'Labels', 'What it says'];
  const rows = table?.rows.map((row) => columns.map((column) => row[column]?.replaceAll('`', '')));
  assert.deepEqual(
    rows,
    definitions.map((metric) => [
      prometheusName(metric),
      metric.name,
      metric.kind,
      metric.labels.map(prometheusLabel).join(', '),
      metric.help,
    ]),
  );
});

test('docs/operate/alerts.md tells of every alert, in their order, and of no other', () => {
  const { text } = readSource('docs/operate/alerts.md');
  const told = [...text.matchAll(/^## (\w+)\n\n\*(\w+)\*/gm)].map(([, name, severity]) => [name, severity]);
  assert.deepEqual(
    told,
    alerts.map(({ name, severity }) => [name, severity]),
  );
});

test('every metric is shown on the board', () => {
  const missing = definitions.filter((metric) => !queries.some((query) => query.includes(prometheusName(metric))));
  assert.deepEqual(
    missing.map(({ name }) => name),
    [],
  );
});

test('every panel fits on the board, and none lies on another', () => {
  const { panels } = JSON.parse(monitoringFiles['docs/operate/grafana-dashboard.json']?.() ?? '{}') as {
    panels: { id: number; gridPos: { x: number; y: number; w: number; h: number } }[];
  };
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const taken = new Set<string>();
  for (const { gridPos } of panels) {
    assert.ok(gridPos.x + gridPos.w <= 24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(!taken.has(`${x} ${y}`), `${x} ${y}`);
        taken.add(`${x} ${y}`);
      }
    }
  }
});

const withoutPromtool =
  spawnSync('promtool', ['--version']).error === undefined
    ? false
    : 'promtool is not on this machine: it is in the Debian package prometheus';

function promtool(...args: string[]): void {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}${stderr}`);
}

/** Runs with a folder that is gone afterwards. */
function inFolder(run: (file: (name: string, text: string) => string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'switchgear-monitoring-'));
  try {
    run((name, text) => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('Prometheus reads the rules', { skip: withoutPromtool }, () => {
  promtool('check', 'rules', join(root, 'docs/operate/prometheus-alerts.yaml'));
});

test('Prometheus reads every query of the board', { skip: withoutPromtool }, () => {
  inFolder((file) => {
    const rules = queries.map((query, i) => {
      const expr = query.replaceAll('$__rate_interval', '5m').replaceAll('$target', '.*');
      return `      - record: panel:${i}\n        expr: ${JSON.stringify(expr)}`;
    });
    promtool('check', 'rules', file('board.yaml', `groups:\n  - name: board\n    rules:\n${rules.join('\n')}\n`));
  });
});

interface Series {
  readonly series: string;
  readonly values: string;
}

/** The alert that fires after so many minutes of these series, and, beside it, of the same service in good health. */
const outbreaks: Readonly<Record<string, { readonly after: string; readonly series: readonly Series[] }>> = {
  SwitchgearCallsFailing: { after: '15m', series: [calls('ok', 90), calls('unavailable', 10)] },
  SwitchgearBreakerOpen: {
    after: '5m',
    series: [breakerState('half-open', '0 1 0 1 0 1'), breakerState('open', '1 0 1 0 1 0')],
  },
  SwitchgearNoToken: { after: '10m', series: [counting('switchgear_auth_refreshes_total', 'result="failed"', 2)] },
  SwitchgearContractBroken: { after: '15m', series: [calls('ok', 96), calls('invalid', 4)] },
  SwitchgearTurnedAwayByUs: {
    after: '15m',
    series: [counting('switchgear_rejections_total', 'reason="bulkhead-full"', 60)],
  },
  SwitchgearRetriesAmplify: {
    after: '20m',
    series: [calls('ok-retried', 100), counting('switchgear_attempts_total', 'kind="retry", result="ok"', 150)],
  },
  SwitchgearRetryBudgetEmpty: {
    after: '15m',
    series: [counting('switchgear_retry_stops_total', 'reason="budget-empty"', 60)],
  },
  SwitchgearServingStandIns: { after: '20m', series: [calls('ok', 80), calls('stale', 20)] },
  SwitchgearHostsEjected: { after: '10m', series: [hosts('in-service', 2), hosts('ejected', 1)] },
  SwitchgearBreakerLeftIsolated: { after: '70m', series: [breakerState('isolated', '1+0x80')] },
  SwitchgearFaultsInjected: {
    after: '25m',
    series: [counting('switchgear_faults_injected_total', 'fault="latency"', 1)],
  },
};

function counting(name: string, labels: string, perMinute: number): Series {
  return { series: `${name}{target="users", ${labels}}`, values: `0+${perMinute}x100` };
}

function calls(fate: string, perMinute: number): Series {
  return counting('switchgear_operation_duration_seconds_count', `fate="${fate}"`, perMinute);
}

function breakerState(state: string, values: string): Series {
  return { series: `switchgear_breaker_state{target="users", breaker="users", state="${state}"}`, values };
}

function hosts(state: string, count: number): Series {
  return { series: `switchgear_hosts{target="users", state="${state}"}`, values: `${count}+0x100` };
}

test('every alert has an outbreak to be tried on', () => {
  assert.deepEqual(
    Object.keys(outbreaks),
    alerts.map(({ name }) => name),
  );
});

for (const [name, { after, series }] of Object.entries(outbreaks)) {
  test(`${name} fires when it should, for who is concerned, and names it`, { skip: withoutPromtool }, () => {
    inFolder((file) => {
      const input = series.map(
        (each) => `      - series: ${JSON.stringify(each.series)}\n        values: ${JSON.stringify(each.values)}`,
      );
      const rules = join(root, 'docs/operate/prometheus-alerts.yaml');
      // How many there are is what is asked: the labels differ, and the words are the annotation's.
      const test = [
        `rule_files: [${JSON.stringify(rules)}]`,
        'evaluation_interval: 1m',
        'tests:',
        '  - interval: 1m',
        '    input_series:',
        ...input,
        '    promql_expr_test:',
        `      - expr: ${JSON.stringify(`count by (target) (ALERTS{alertname="${name}", alertstate="firing"})`)}`,
        `        eval_time: ${after}`,
        '        exp_samples:',
        `          - labels: '{target="users"}'`,
        '            value: 1',
        '',
      ].join('\n');
      promtool('test', 'rules', file('outbreak.yaml', test));
    });
  });
}

test('no alert fires for a service in good health, under load, with a few retries', { skip: withoutPromtool }, () => {
  inFolder((file) => {
    const good = [
      calls('ok', 950),
      calls('ok-retried', 40),
      calls('unavailable', 5),
      calls('answered', 200),
      calls('cached', 900),
      counting('switchgear_attempts_total', 'kind="initial", result="ok"', 990),
      counting('switchgear_attempts_total', 'kind="retry", result="ok"', 45),
      counting('switchgear_auth_refreshes_total', 'result="ok"', 1),
      breakerState('closed', '1+0x100'),
      breakerState('open', '0+0x100'),
      breakerState('half-open', '0+0x100'),
      breakerState('isolated', '0+0x100'),
      hosts('in-service', 3),
      hosts('ejected', 0),
    ];
    const input = good.map(
      (each) => `      - series: ${JSON.stringify(each.series)}\n        values: ${JSON.stringify(each.values)}`,
    );
    const test = [
      `rule_files: [${JSON.stringify(join(root, 'docs/operate/prometheus-alerts.yaml'))}]`,
      'evaluation_interval: 1m',
      'tests:',
      '  - interval: 1m',
      '    input_series:',
      ...input,
      '    promql_expr_test:',
      `      - expr: 'count(ALERTS) or vector(0)'`,
      '        eval_time: 90m',
      '        exp_samples:',
      "          - labels: '{}'",
      '            value: 0',
      '',
    ].join('\n');
    promtool('test', 'rules', file('health.yaml', test));
  });
});
