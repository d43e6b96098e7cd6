import { type Clock, ConfigError } from '@switchgear/policy';
import { type Check, type Checks, callable, readOptions, required, whole } from '@switchgear/policy/options';
import { duration, isReply, type Reply } from './reply.ts';
import type { SeenRequest } from './seen-request.ts';

/** What goes wrong with a request that would otherwise have gone out and come back. */
export type Fault =
  /** In place of being sent. */
  | Reply
  /** Is sent late. */
  | { readonly kind: 'latency'; readonly ms: number }
  /** Is sent, and acted upon; then the answer is thrown away and this happens instead. */
  | { readonly kind: 'sent-then'; readonly reply: Reply }
  /** Is sent and answered, and the body takes this long. */
  | { readonly kind: 'trickle'; readonly ms: number };

/** A fault that decides how a request ends. */
export type StrikingFault = Exclude<Fault, { readonly kind: 'latency' }>;

/** Sends so many milliseconds late; what comes next in the plan may strike as well. */
export function latency(ms: number): Fault {
  return { kind: 'latency', ms: duration('latency.ms', ms) };
}

/** Sends, so that the service does its work, and then ends otherwise: `sentThen(reset())` loses the answer. */
export function sentThen(reply: Reply): Fault {
  if (!isReply(reply)) throw new ConfigError('sentThen.reply', 'a reply', reply);
  return { kind: 'sent-then', reply };
}

/** The body of the real answer takes so many milliseconds to arrive. */
export function trickle(ms: number): Fault {
  return { kind: 'trickle', ms: duration('trickle.ms', ms) };
}

/** When a fault strikes. Everything that is said has to hold. */
export interface FaultRule {
  readonly fault: Fault;
  /** The share of requests that are struck, 0 to 1; a function is asked per request. @default 1 */
  readonly rate?: number | (() => number);
  /** Which requests. @default all */
  readonly when?: (request: SeenRequest) => boolean;
  /** From when on, in milliseconds since the plan was set. @default 0 */
  readonly fromMs?: number;
  /** Until when, in milliseconds since the plan was set. @default Infinity */
  readonly untilMs?: number;
  /** How many requests at most. @default Infinity */
  readonly times?: number;
}

const rate: Check<number | (() => number)> = {
  expected: 'a share from 0 to 1, or a function',
  ok: (value): value is number | (() => number) =>
    typeof value === 'function' || (typeof value === 'number' && value >= 0 && value <= 1),
};

const moment: Check<number> = {
  expected: 'milliseconds, 0 or more',
  ok: (value): value is number => typeof value === 'number' && value >= 0,
};

const fault: Check<Fault> = {
  expected: 'a fault: latency(…), sentThen(…), trickle(…), or a reply such as refuse()',
  ok: (value): value is Fault =>
    isReply(value) || ['latency', 'sent-then', 'trickle'].includes((value as { kind?: string } | null)?.kind ?? ''),
};

const checks: Checks<FaultRule> = {
  fault: required(fault),
  rate,
  when: callable(),
  fromMs: moment,
  untilMs: moment,
  times: {
    expected: whole(0).expected,
    ok: (value): value is number => value === Number.POSITIVE_INFINITY || whole(0).ok(value),
  },
};

const faultRule = { rate: 1, fromMs: 0, untilMs: Number.POSITIVE_INFINITY, times: Number.POSITIVE_INFINITY } as const;

type Rule = ReturnType<typeof readRule> & { left: number };

function readRule(given: FaultRule, i: number) {
  return readOptions(`faultPlan[${i}]`, given, checks, faultRule);
}

/** What strikes one request. */
export interface Strike {
  readonly latencyMs: number;
  readonly fault: StrikingFault | undefined;
}

/** Which faults strike, now. One plan may stand behind several transports; what it says can be changed at any time. */
export class FaultPlan {
  #rules: readonly Rule[] = [];
  #clock: Clock | undefined;
  #since = 0;
  #injected = 0;

  /** @throws ConfigError if a rule cannot be. */
  constructor(rules: readonly FaultRule[] = []) {
    this.set(rules);
  }

  /** Replaces the rules. Their times count from now. @throws ConfigError if one cannot be; then the old ones stand. */
  set(rules: readonly FaultRule[]): void {
    if (!Array.isArray(rules)) throw new ConfigError('faultPlan', 'a list of rules', rules);
    this.#rules = rules.map((rule, i) => {
      const read = readRule(rule, i);
      return Object.assign(read, { left: read.times });
    });
    this.#since = this.#clock?.now() ?? 0;
  }

  /** Nothing goes wrong on purpose any more. */
  clear(): void {
    this.set([]);
  }

  /** Requests that were struck so far, by whatever. */
  get injected(): number {
    return this.#injected;
  }

  /** The times of a plan that was set before it had a clock count from when it first gets one. */
  begin(clock: Clock): void {
    if (this.#clock !== undefined) return;
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** What strikes a request: latencies, and at most one other fault, the first whose rule holds. */
  strike(request: SeenRequest, random: () => number): Strike {
    let latencyMs = 0;
    let struck: StrikingFault | undefined;
    const atMs = request.at - this.#since;
    for (const rule of this.#rules) {
      if (rule.left === 0 || atMs < rule.fromMs || atMs >= rule.untilMs) continue;
      if (!holds(() => rule.when === undefined || rule.when(request) === true)) continue;
      if (!holds(() => random() < (typeof rule.rate === 'function' ? rule.rate() : rule.rate))) continue;
      rule.left--;
      if (rule.fault.kind === 'latency') latencyMs += rule.fault.ms;
      else {
        struck = rule.fault;
        break;
      }
    }
    if (latencyMs > 0 || struck !== undefined) this.#injected++;
    return { latencyMs, fault: struck };
  }
}

/** A rule that is itself broken strikes nobody. */
function holds(ask: () => boolean): boolean {
  try {
    return ask();
  } catch {
    return false;
  }
}
