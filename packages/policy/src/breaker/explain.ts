import type { BreakerSettings } from './options.ts';
import type { BreakerSnapshot } from './snapshot.ts';

/** Why a breaker is in its state, with the arithmetic. */
export function explain(seen: BreakerSnapshot, settings: BreakerSettings): string {
  return `${inMode(seen)}${inState(seen, settings)}`;
}

/** The settings of a breaker in a line. */
export function describe(settings: BreakerSettings): string {
  const { name, window, windowMs, windowCalls, rampMs, mode } = settings;
  const parts = [
    `opens ${rules(settings)}, over ${window === 'time' ? time(windowMs) : count(windowCalls, 'call')}`,
    opening(settings),
    probes(settings),
    rampMs === 0 ? 'no ramp' : `ramp ${time(rampMs)}`,
  ];
  if (mode !== 'on') parts.push(mode === 'shadow' ? 'in shadow' : 'disabled');
  return `breaker${name === '' ? '' : ` ${name}`}: ${parts.join('; ')}`;
}

function inMode({ mode, refusedInShadow }: BreakerSnapshot): string {
  if (mode === 'on') return '';
  if (mode === 'disabled') return 'disabled, admits every call and records none: ';
  return `in shadow, admits every call (${refusedInShadow} would have been refused): `;
}

function inState(seen: BreakerSnapshot, settings: BreakerSettings): string {
  switch (seen.state) {
    case 'closed':
      return `closed: ${inWindow(seen, settings)}; ${ramping(seen)}opens ${rules(settings)}${inARowNow(seen, settings)}`;
    case 'open':
      return `open: ${reason(seen, settings)}; admits ${count(settings.probes, 'probe')} in ${time(seen.openForMs)}${again(seen)}`;
    case 'half-open':
      return `half-open: ${probing(seen, settings)}`;
    case 'isolated':
      return `isolated${by(seen)}: refuses every call until it is released; ${returns(seen, settings)}`;
  }
}

function opening({ openMs, maxOpenMs }: BreakerSettings): string {
  if (typeof openMs === 'function') return `open for as long as a function says, at most ${time(maxOpenMs)}`;
  return `open ${time(openMs)}${maxOpenMs > openMs ? ` growing to ${time(maxOpenMs)}` : ''}`;
}

function probes({ probes: many, probeFailureRatio, halfOpenMs, whenUnanswered }: BreakerSettings): string {
  const limit = probeFailureRatio === undefined ? '' : `, opens again at ${percent(probeFailureRatio)}`;
  const end = whenUnanswered === 'open' ? 'opens again' : 'closes';
  const patience = halfOpenMs === undefined ? '' : `, ${end} without an answer for ${time(halfOpenMs)}`;
  return `${count(many, 'probe')}${limit}${patience}`;
}

function rules(settings: BreakerSettings): string {
  const { failureRatio, slowMs, slowRatio, badRatio, minimumCalls, consecutiveFailures } = settings;
  const ratios = [percent(failureRatio)];
  if (slowMs !== undefined) {
    ratios[0] += ' failed';
    ratios.push(`${percent(slowRatio)} slow (over ${time(slowMs)})`);
    if (badRatio !== undefined) ratios.push(`${percent(badRatio)} failed or slow`);
  }
  const ratio = `at ${ratios.join(' or ')} of at least ${minimumCalls}`;
  return consecutiveFailures === 0 ? ratio : `${ratio}, or after ${count(consecutiveFailures, 'failure')} in a row`;
}

function inWindow(seen: BreakerSnapshot, settings: BreakerSettings): string {
  const { calls, failures, slow, bad } = seen;
  const lately = settings.window === 'time' ? ` in the last ${time(settings.windowMs)}` : '';
  if (calls === 0) return lately === '' ? 'no calls yet' : `no calls${lately}`;
  const of = lately === '' ? `${failures} of the last ${count(calls, 'call')} failed` : failed(failures, calls, 'call');
  const shares = [shareOf(failures, calls)];
  if (settings.slowMs === undefined) return `${of}${lately} (${shares.join()})`;
  shares.push(shareOf(slow, calls));
  if (settings.badRatio === undefined) return `${of} and ${slow} ${were(slow)} slow${lately} (${shares.join(' and ')})`;
  shares.push(`together ${shareOf(bad, calls)}`);
  return `${of} and ${slow} ${were(slow)} slow${lately} (${shares.join(', ')})`;
}

function inARowNow({ consecutiveFailures }: BreakerSnapshot, settings: BreakerSettings): string {
  return settings.consecutiveFailures === 0 ? '' : ` (now ${consecutiveFailures})`;
}

function ramping({ admittedShare }: BreakerSnapshot): string {
  return admittedShare === 1
    ? ''
    : `has just closed and lets in ${shareOf(admittedShare, 1)} of its calls and a few more; `;
}

function reason(seen: BreakerSnapshot, settings: BreakerSettings): string {
  const { cause, calls, failures, slow, bad, consecutiveFailures } = seen;
  const limit = (ratio: number): string => `the limit is ${percent(ratio)}`;
  switch (cause) {
    case 'consecutive-failures':
      return `${count(consecutiveFailures, 'call')} in a row failed`;
    case 'slow-ratio':
      return `${slow} of ${count(calls, 'call')} ${were(slow)} slow (${shareOf(slow, calls)}; ${limit(settings.slowRatio)})`;
    case 'bad-ratio': {
      const shares = `${shareOf(bad, calls)}; ${limit(settings.badRatio ?? 1)}`;
      return `${bad} of ${count(calls, 'call')} failed or ${were(bad)} slow (${shares})`;
    }
    case 'probes-failed':
      return `${failed(failures, calls, 'probe')} (${limit(probeRatio(settings))} of ${settings.probes})`;
    case 'probes-unanswered':
      return `its probes were not answered in time (${calls} of ${settings.probes} were)`;
    case 'asked-by-result':
      return 'a result asked for it';
    case 'restored':
      return 'it was when its snapshot was taken';
    case 'released':
      return 'it was before it was isolated';
    default:
      return `${failed(failures, calls, 'call')} (${shareOf(failures, calls)}; ${limit(settings.failureRatio)})`;
  }
}

function again({ openings }: BreakerSnapshot): string {
  return openings > 1 ? ` (opened ${openings} times in a row)` : '';
}

function probing({ calls, failures, probesRunning }: BreakerSnapshot, settings: BreakerSettings): string {
  const of = `${calls} of ${count(settings.probes, 'probe')} answered, ${failures} of them failed, ${probesRunning} running`;
  return `${of}; opens again at ${percent(probeRatio(settings))} failures of ${settings.probes}`;
}

function by({ isolatedBy }: BreakerSnapshot): string {
  const named = isolatedBy.filter((name) => name !== '');
  const others = isolatedBy.length - named.length;
  if (named.length === 0) return isolatedBy.length === 1 ? '' : ` by ${isolatedBy.length}`;
  return ` by ${named.join(', ')}${others === 0 ? '' : ` and ${others} more`}`;
}

function returns({ beneath, openForMs }: BreakerSnapshot, { rampMs }: BreakerSettings): string {
  if (beneath === 'closed') return `then it lets calls in${rampMs === 0 ? '' : ' step by step'}`;
  return beneath === 'open' ? `then it is open, for ${time(openForMs)} more from now` : 'then it sends probes';
}

function probeRatio({ failureRatio, probeFailureRatio = failureRatio }: BreakerSettings): number {
  return probeFailureRatio;
}

function failed(failures: number, of: number, noun: string): string {
  return `${failures} of ${count(of, noun)} failed`;
}

function count(many: number, noun: string): string {
  return `${many} ${noun}${many === 1 ? '' : 's'}`;
}

function were(many: number): string {
  return many === 1 ? 'was' : 'were';
}

/** Rounded down, so that 89.7 % never reads as the 90 % that would have opened the circuit. */
function shareOf(some: number, of: number): string {
  return `${Math.floor((100 * some) / of)} %`;
}

function percent(ratio: number): string {
  return `${Number((ratio * 100).toFixed(2))} %`;
}

function time(ms: number): string {
  return ms < 1_000 ? `${Math.ceil(ms)} ms` : `${Number((ms / 1_000).toFixed(1))} s`;
}
