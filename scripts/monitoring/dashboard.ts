import { badFates, named, rate, shareOfFates } from './queries.ts';

type Kind = 'timeseries' | 'stat' | 'heatmap' | 'state-timeline';

/** A query, and what its lines are called. */
export interface PanelQuery {
  readonly expr: string;
  readonly legend: string;
}

/** One panel of the board. */
export interface Panel {
  readonly title: string;
  /** What a person on call reads in it. */
  readonly about: string;
  readonly kind: Kind;
  /** In the words of Grafana. */
  readonly unit: string;
  readonly stacked?: boolean;
  readonly queries: readonly PanelQuery[];
}

/** A row of panels, under a question. */
export interface PanelRow {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const window = '$__rate_interval';
const chosen = 'target=~"$target"';

function perSecond(key: Parameters<typeof rate>[0], by: readonly string[], where = ''): PanelQuery {
  const only = where === '' ? chosen : `${chosen}, ${where}`;
  return { expr: rate(key, by, only, window), legend: by.map((label) => `{{${label}}}`).join(' ') };
}

function quantile(share: number): PanelQuery {
  const buckets = `sum by (le, target) (rate(${named('operationDuration')}_bucket{${chosen}}[${window}]))`;
  return { expr: `histogram_quantile(${share}, ${buckets})`, legend: `{{target}} p${share * 100}` };
}

function gauge(key: Parameters<typeof named>[0], legend: string, where = ''): PanelQuery {
  const only = where === '' ? chosen : `${chosen}, ${where}`;
  return { expr: `${named(key)}{${only}}`, legend };
}

function share(fates: string, legend: string): PanelQuery {
  return { expr: shareOfFates(fates, chosen, window), legend };
}

/** The board, in the order in which somebody who was woken asks. */
export const board: readonly PanelRow[] = [
  {
    title: 'Is it broken, and what do callers get?',
    panels: [
      {
        title: 'Calls by fate',
        about: 'Every call has exactly one fate; the height is all calls.',
        kind: 'timeseries',
        unit: 'reqps',
        stacked: true,
        queries: [perSecond('operationDuration', ['fate'])],
      },
      {
        title: 'Share that fails, and that is a stand-in',
        about: 'Failing: no answer of use. Stand-in: an old or a made-up one.',
        kind: 'timeseries',
        unit: 'percentunit',
        queries: [share(badFates, '{{target}} failing'), share('stale|degraded', '{{target}} stand-in')],
      },
      {
        title: 'How long calls take',
        about: 'All fates together: a refusal is quick, a deadline is not.',
        kind: 'timeseries',
        unit: 's',
        queries: [quantile(0.5), quantile(0.95), quantile(0.99)],
      },
      {
        title: 'Durations',
        about: 'Two bands are two kinds of calls: look whether one of them is the timeout.',
        kind: 'heatmap',
        unit: 's',
        queries: [
          {
            expr: `sum by (le) (increase(${named('operationDuration')}_bucket{${chosen}}[${window}]))`,
            legend: '{{le}}',
          },
        ],
      },
      {
        title: 'Calls under way',
        about: 'Rising while the rate of calls does not: they take longer.',
        kind: 'timeseries',
        unit: 'short',
        queries: [gauge('operationsInFlight', '{{target}}')],
      },
      {
        title: 'Where the time goes',
        about: 'Seconds per second in each phase: the phases of all calls add up to their durations.',
        kind: 'timeseries',
        unit: 's',
        stacked: true,
        queries: [perSecond('operationTime', ['phase'])],
      },
    ],
  },
  {
    title: 'Why did it open, and is it recovering?',
    panels: [
      {
        title: 'State of the breakers',
        about: 'A lane per breaker and state.',
        kind: 'state-timeline',
        unit: 'short',
        queries: [gauge('breakerState', '{{breaker}} {{state}}', 'state!="closed"')],
      },
      {
        title: 'Changes of state, and why',
        about: 'What made each breaker move.',
        kind: 'timeseries',
        unit: 'short',
        queries: [
          {
            expr: `sum by (breaker, to, cause) (increase(${named('breakerTransitions')}{${chosen}}[${window}]))`,
            legend: '{{breaker}} {{to}}: {{cause}}',
          },
        ],
      },
      {
        title: 'What the breakers judge by',
        about: 'Failures and slow calls among those in the window; no judgement on a few calls.',
        kind: 'timeseries',
        unit: 'percentunit',
        queries: [gauge('breakerFailureRatio', '{{breaker}} failed'), gauge('breakerSlowRatio', '{{breaker}} slow')],
      },
      {
        title: 'Calls in the window, and let in',
        about: 'How many calls the judgement rests on, and which share is let in again.',
        kind: 'timeseries',
        unit: 'short',
        queries: [
          gauge('breakerWindowCalls', '{{breaker}} calls'),
          gauge('breakerAdmittedShare', '{{breaker}} let in'),
        ],
      },
      {
        title: 'Turned away, by which rule',
        about: 'circuit-…: the breaker. bulkhead-…: too many at once on this side.',
        kind: 'timeseries',
        unit: 'reqps',
        stacked: true,
        queries: [perSecond('rejections', ['target', 'reason'])],
      },
      {
        title: 'Requests by status',
        about: 'As they went over the wire: each attempt by itself.',
        kind: 'timeseries',
        unit: 'reqps',
        queries: [
          {
            expr: `sum by (server_address, http_response_status_code, error_type) (rate(${named('requestDuration')}_count[${window}]))`,
            legend: '{{server_address}} {{http_response_status_code}} {{error_type}}',
          },
        ],
      },
    ],
  },
  {
    title: 'What does it cost?',
    panels: [
      {
        title: 'Requests per call',
        about: '1 is no retry. The budget bounds it.',
        kind: 'timeseries',
        unit: 'short',
        queries: [
          {
            expr: `${rate('attempts', ['target'], chosen, window)} / ${rate('operationDuration', ['target'], chosen, window)}`,
            legend: '{{target}}',
          },
        ],
      },
      {
        title: 'Requests by why they were made',
        about: 'initial, retry, hedge, resend; probe while a breaker is half-open.',
        kind: 'timeseries',
        unit: 'reqps',
        stacked: true,
        queries: [perSecond('attempts', ['kind'])],
      },
      {
        title: 'Retries that the budget would pay for',
        about: '0: failures reach the callers at once.',
        kind: 'timeseries',
        unit: 'short',
        queries: [gauge('retryBudgetTokens', '{{target}}')],
      },
      {
        title: 'Why failed calls were not sent again',
        about: 'budget-empty while the service is down is the budget at work.',
        kind: 'timeseries',
        unit: 'reqps',
        queries: [perSecond('retryStops', ['target', 'reason'])],
      },
      {
        title: 'Retries per call that had any, and their waits',
        about: 'The 95th percentile of both.',
        kind: 'timeseries',
        unit: 'short',
        queries: [
          {
            expr: `histogram_quantile(0.95, sum by (le, target) (rate(${named('operationRetries')}_bucket{${chosen}}[${window}])))`,
            legend: '{{target}} retries',
          },
          {
            expr: `histogram_quantile(0.95, sum by (le, target) (rate(${named('operationRetryDelay')}_bucket{${chosen}}[${window}])))`,
            legend: '{{target}} seconds waited',
          },
        ],
      },
      {
        title: 'Copies of slow calls',
        about: 'won: hedging made a call faster. lost and unanswered: load for nothing.',
        kind: 'timeseries',
        unit: 'reqps',
        stacked: true,
        queries: [perSecond('hedges', ['result'])],
      },
    ],
  },
  {
    title: 'What stands in the way?',
    panels: [
      {
        title: 'Bulkhead',
        about: 'Places taken and calls waiting, against how many there may be.',
        kind: 'timeseries',
        unit: 'short',
        queries: [
          gauge('bulkheadInFlight', '{{target}} taken'),
          gauge('bulkheadLimit', '{{target}} places'),
          gauge('bulkheadQueued', '{{target}} waiting'),
          gauge('bulkheadQueueLimit', '{{target}} may wait'),
        ],
      },
      {
        title: 'Cache',
        about: 'What looks into it found.',
        kind: 'timeseries',
        unit: 'reqps',
        stacked: true,
        queries: [perSecond('cacheLookups', ['result'])],
      },
      {
        title: 'Tokens',
        about: 'Asked for, with and without success.',
        kind: 'timeseries',
        unit: 'reqps',
        queries: [perSecond('authRefreshes', ['target', 'result'])],
      },
      {
        title: 'Hosts',
        about: 'Where the hosts of a service stand that has several.',
        kind: 'timeseries',
        unit: 'short',
        stacked: true,
        queries: [gauge('hosts', '{{target}} {{state}}')],
      },
      {
        title: 'Ejections',
        about: 'Hosts that did worse than the others, and by which measure.',
        kind: 'timeseries',
        unit: 'short',
        queries: [
          {
            expr: `sum by (target, reason) (increase(${named('hostEjections')}{${chosen}}[${window}]))`,
            legend: '{{target}} {{reason}}',
          },
        ],
      },
      {
        title: 'Faults made on purpose',
        about: 'Anything here is somebody testing.',
        kind: 'timeseries',
        unit: 'reqps',
        queries: [perSecond('faultsInjected', ['target', 'fault'])],
      },
    ],
  },
];

const columns = 3;
const [width, height] = [24 / columns, 8];
const datasource = { type: 'prometheus', uid: '$datasource' };

/** The board as Grafana imports it. */
export function dashboardJson(): string {
  const panels: object[] = [];
  let y = 0;
  for (const row of board) {
    panels.push({
      type: 'row',
      id: panels.length + 1,
      title: row.title,
      gridPos: { x: 0, y, w: 24, h: 1 },
      collapsed: false,
      panels: [],
    });
    y += 1;
    for (const [i, panel] of row.panels.entries()) {
      const gridPos = { x: (i % columns) * width, y: y + Math.floor(i / columns) * height, w: width, h: height };
      panels.push(panelJson(panel, panels.length + 1, gridPos));
    }
    y += Math.ceil(row.panels.length / columns) * height;
  }
  const dashboard = {
    title: 'Switchgear',
    uid: 'switchgear',
    description: 'Calls to other services. Made by `npm run monitoring` from the registry of metrics.',
    tags: ['switchgear'],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    templating: { list: [datasourceVariable, targetVariable()] },
    panels,
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

const datasourceVariable = { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' };

function targetVariable(): object {
  const query = `label_values(${named('operationsInFlight')}, target)`;
  return {
    name: 'target',
    label: 'Service',
    type: 'query',
    datasource,
    query: { query, refId: 'target' },
    refresh: 2,
    includeAll: true,
    allValue: '.*',
    multi: true,
    current: { text: 'All', value: '$__all' },
  };
}

function panelJson({ about, kind, queries, stacked = false, title, unit }: Panel, id: number, gridPos: object): object {
  const custom = stacked ? { stacking: { mode: 'normal' }, fillOpacity: 40, lineWidth: 1 } : { fillOpacity: 5 };
  return {
    id,
    type: kind,
    title,
    description: about,
    datasource,
    gridPos,
    fieldConfig: { defaults: { unit, ...(kind === 'timeseries' && { custom }) }, overrides: [] },
    options: kind === 'heatmap' ? { calculate: false, yAxis: { unit } } : { legend: { displayMode: 'list' } },
    targets: queries.map(({ expr, legend }, i) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + i),
      datasource,
      expr,
      legendFormat: legend,
      ...(kind === 'heatmap' && { format: 'heatmap' }),
    })),
  };
}
