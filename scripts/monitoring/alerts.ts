import { badFates, named, rate, shareOfFates } from './queries.ts';

/** A rule that calls somebody, or leaves a note. */
export interface Alert {
  readonly name: string;
  /** What holds while it fires, in PromQL. */
  readonly expr: string;
  /** For how long that has to hold. */
  readonly for: string;
  /** `page` wakes somebody: callers are hurt now. `ticket` can wait for the day. */
  readonly severity: 'page' | 'ticket';
  /** In a line; `{{ $labels.target }}` is the service that is called. */
  readonly summary: string;
}

const ofTarget = '{{ $labels.target }}';
const percent = '{{ $value | humanizePercentage }}';
/** Below this, a share says little: one call of three. */
const enoughCalls = `${rate('operationDuration', ['target'])} > 0.2`;

/** The alerts, the most urgent first. What to do about each stands in docs/operate/alerts.md. */
export const alerts: readonly Alert[] = [
  {
    name: 'SwitchgearCallsFailing',
    expr: `(${shareOfFates(badFates)} > 0.05) and on (target) (${enoughCalls})`,
    for: '5m',
    severity: 'page',
    summary: `${percent} of the calls to ${ofTarget} fail`,
  },
  {
    name: 'SwitchgearBreakerOpen',
    // Half-open too: a breaker that probes in vain goes to and fro between the two.
    expr: `max by (target, breaker) (${named('breakerState')}{state=~"open|half-open"}) == 1`,
    for: '2m',
    severity: 'page',
    summary: 'the breaker {{ $labels.breaker }} has been open for two minutes: its calls are refused',
  },
  {
    name: 'SwitchgearNoToken',
    expr:
      `(${rate('authRefreshes', ['target'], 'result="failed"')} > 0) ` +
      `unless on (target) (${rate('authRefreshes', ['target'], 'result="ok"')} > 0)`,
    for: '2m',
    severity: 'page',
    summary: `no token can be had for ${ofTarget}`,
  },
  {
    name: 'SwitchgearContractBroken',
    expr: `(${shareOfFates('invalid')} > 0.01) and on (target) (${enoughCalls})`,
    for: '5m',
    severity: 'page',
    summary: `${percent} of the answers of ${ofTarget} do not hold to its contract`,
  },
  {
    name: 'SwitchgearTurnedAwayByUs',
    expr: `${rate('rejections', ['target', 'reason'], 'reason!~"circuit-.*"')} > 0.1`,
    for: '5m',
    severity: 'ticket',
    summary: `calls to ${ofTarget} are turned away on this side: {{ $labels.reason }}`,
  },
  {
    name: 'SwitchgearRetriesAmplify',
    expr:
      `(${rate('attempts', ['target'])} / ${rate('operationDuration', ['target'])} > 1.3) ` +
      `and on (target) (${enoughCalls})`,
    for: '10m',
    severity: 'ticket',
    summary: `each call to ${ofTarget} takes {{ $value | humanize }} requests`,
  },
  {
    name: 'SwitchgearRetryBudgetEmpty',
    expr: `${rate('retryStops', ['target'], 'reason="budget-empty"')} > 0.1`,
    for: '5m',
    severity: 'ticket',
    summary: `the retry budget of ${ofTarget} is used up: failures reach the callers`,
  },
  {
    name: 'SwitchgearServingStandIns',
    expr: `(${shareOfFates('stale|degraded')} > 0.1) and on (target) (${enoughCalls})`,
    for: '10m',
    severity: 'ticket',
    summary: `${percent} of what callers of ${ofTarget} get is old or made up`,
  },
  {
    name: 'SwitchgearHostsEjected',
    expr:
      `sum by (target) (${named('hosts')}{state="ejected"}) / ` +
      `sum by (target) (${named('hosts')}{state!="draining"}) >= 0.3`,
    for: '5m',
    severity: 'ticket',
    summary: `${percent} of the hosts of ${ofTarget} are passed over`,
  },
  {
    name: 'SwitchgearBreakerLeftIsolated',
    expr: `max by (target, breaker) (${named('breakerState')}{state="isolated"}) == 1`,
    for: '1h',
    severity: 'ticket',
    summary: 'somebody isolated the breaker {{ $labels.breaker }} an hour ago, and it still is',
  },
  {
    name: 'SwitchgearFaultsInjected',
    expr: `${rate('faultsInjected', ['target', 'fault'])} > 0`,
    for: '15m',
    severity: 'ticket',
    summary: `faults are still being injected into the calls to ${ofTarget}: {{ $labels.fault }}`,
  },
];

/** The rules as Prometheus reads them. */
export function alertRules(): string {
  const rules = alerts.map(({ name, expr, for: time, severity, summary }) =>
    [
      `      - alert: ${name}`,
      `        expr: ${JSON.stringify(expr)}`,
      `        for: ${time}`,
      '        labels:',
      `          severity: ${severity}`,
      '        annotations:',
      `          summary: ${JSON.stringify(summary)}`,
    ].join('\n'),
  );
  return [
    '# Made by `npm run monitoring` from the registry of metrics. What each alert means, and what to do: alerts.md',
    'groups:',
    '  - name: switchgear',
    '    rules:',
    ...rules,
    '',
  ].join('\n');
}
