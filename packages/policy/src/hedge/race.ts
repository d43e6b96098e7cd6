import type { GuardedBudget } from '../contract/budget.ts';
import type { CallContext, Operation, Unsubscribe } from '../contract/call.ts';
import { DeadlineExceededError, isSwitchgearError, moreDoubtful, RefusedError, type Sent } from '../contract/errors.ts';
import type { EventSink } from '../contract/events.ts';
import { judge } from '../contract/gate.ts';
import { givenUpBeneath, ruledOutBeneath } from '../contract/given-up.ts';
import { hush } from '../contract/hush.ts';
import type { Outcome, Verdict } from '../contract/outcome.ts';
import type { Clock } from '../contract/runtime.ts';
import { type DeadlineWheel, WheelEntry } from '../stats/deadline-wheel.ts';
import { Copy, outrun } from './copy.ts';
import { type Failure, isRefusal, tellingFailure, wishMs } from './failures.ts';
import type { HedgeSettings } from './options.ts';
import type { Pace } from './pace.ts';

/** A copy that ends this soon after it was cancelled has heeded its signal: closing a socket takes a turn or two. */
const promptMs = 1;

/** What all races of a policy go by. */
export interface RaceRules {
  readonly settings: HedgeSettings<unknown>;
  readonly budget: GuardedBudget | undefined;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly wheel: DeadlineWheel;
  readonly events: EventSink;
}

/**
 * Runs an operation, and copies of it, until one of them answers. The promise follows the first that does; nothing waits
 * for the others.
 * @param deposited Whether this policy is the one that tells the budget how the call went.
 */
export function race<T>(
  operation: Operation<T>,
  call: CallContext,
  rules: RaceRules,
  now: number,
  deposited: boolean,
): Promise<T> {
  return new Promise((resolve, reject) => {
    new Race<T>(operation, call, rules, now, deposited, resolve, reject).run();
  });
}

/** Also the entry in the wheel that starts the next copy. */
class Race<T> extends WheelEntry {
  readonly #operation: Operation<T>;
  readonly #call: CallContext;
  readonly #rules: RaceRules;
  readonly #startedAt: number;
  /** `undefined` when no copy is to be sent for slowness or failure. */
  readonly #delayMs: number | undefined;
  readonly #maxHedges: number;
  readonly #deposited: boolean;
  readonly #resolve: (value: T) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #running: Copy[] = [];
  #failures: Failure<T>[] | undefined;
  #started = 0;
  #settled = false;
  /** Set when the budget, or the other side, says that there shall be no more. */
  #closed = false;
  /** What the copies that have ended may have sent, all told. */
  #sent: Sent = 'never';
  #leave: Unsubscribe | undefined;
  #wake: (() => void) | undefined;

  constructor(
    operation: Operation<T>,
    call: CallContext,
    rules: RaceRules,
    now: number,
    deposited: boolean,
    resolve: (value: T) => void,
    reject: (reason: unknown) => void,
  ) {
    super();
    this.#operation = operation;
    this.#call = call;
    this.#rules = rules;
    this.#startedAt = now;
    this.#delayMs = rules.pace.delayMs(now);
    this.#maxHedges = this.#delayMs === undefined ? 0 : rules.settings.maxHedges;
    this.#deposited = deposited;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  run(): void {
    if (this.#call.cancellable) this.#leave = this.#call.onCancel((reason) => this.#cancelled(reason));
    this.#start(this.#startedAt, undefined);
    if (this.#delayMs === 0) while (this.#hedge(this.#startedAt, undefined));
    else this.#arm(this.#startedAt);
  }

  /** The wheel says that the latest copy has had its time. */
  override expire(): void {
    this.#wake?.();
  }

  #start(now: number, paidFor: Verdict | undefined): Copy {
    const number = ++this.#started;
    const { action } = this.#rules.settings;
    // Counted over the whole call, so that numbers stay unique where a retry above sends copies of its own.
    const attempt = number === 1 ? this.#call : this.#call.forAttempt(this.#call.attempts + 1);
    const copy = new Copy(attempt, number, now, paidFor);
    copy.begin();
    this.#running.push(copy);
    let work: Promise<T>;
    try {
      work = number > 1 && action !== undefined ? (action(copy, number) as Promise<T>) : this.#operation(copy);
    } catch (error) {
      work = Promise.reject(error);
    }
    // The work may not be a promise when the caller is not checked by a compiler.
    Promise.resolve(work).then(
      (value) => this.#answered(copy, value),
      (error) => this.#ended(copy, { ok: false, error }),
    );
    return copy;
  }

  /** Sends a further copy, if there may be one. */
  #hedge(now: number, because: Verdict | undefined): boolean {
    if (this.#settled || this.#closed || this.#started > this.#maxHedges) return false;
    const { budget, events } = this.#rules;
    const call = this.#call;
    // What begins after the deadline cannot be of use to anybody.
    if (now >= call.deadline) return false;
    if (budget !== undefined && !budget.tryWithdraw(because)) {
      this.#closed = true;
      return false;
    }
    // The call as a whole has sent whatever any copy has; those under way may have sent everything.
    if (this.#running.length > 0) call.progress('wait', 'maybe');
    else call.progress('call', this.#sent);
    const copy = this.#start(now, because);
    this.#arm(now);
    if (events.wants('hedge.started')) {
      const { target, operation } = call;
      const afterMs = now - this.#startedAt;
      events.publish({ type: 'hedge.started', at: now, target, operation, attempt: copy.attempt, afterMs });
    }
    return true;
  }

  #arm(now: number): void {
    const { wheel } = this.#rules;
    wheel.remove(this);
    this.#wake = undefined;
    // The operation may have aborted its own caller.
    if (
      this.#settled ||
      this.#closed ||
      this.#started > this.#maxHedges ||
      this.#delayMs === undefined ||
      this.#delayMs === 0
    )
      return;
    this.dueAt = now + this.#delayMs;
    if (this.dueAt === Number.POSITIVE_INFINITY || this.dueAt >= this.#call.deadline) return;
    wheel.add(this);
    // By way of a promise, because the wheel turns in the context of whoever armed it, and the copy must run in the
    // caller's: what follows a promise does.
    let wake: (() => void) | undefined;
    const due = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#wake = wake;
    void due.then(() => {
      // A copy that failed in the same turn may have been followed already.
      if (this.#wake === wake) this.#hedge(this.#rules.clock.now(), undefined);
    });
  }

  #answered(copy: Copy, value: T): void {
    if (this.#settled || this.#rules.settings.classify !== undefined) {
      this.#ended(copy, { ok: true, value });
      return;
    }
    this.#take(copy);
    this.#succeed(copy, value, 'success');
  }

  #ended(copy: Copy, outcome: Outcome<T>): void {
    if (this.#settled) {
      this.#endedLate(copy, outcome);
      return;
    }
    const verdict = judge(this.#rules.settings.classify, outcome, copy);
    this.#take(copy);
    if (outcome.ok && verdict.retry === 'never') this.#succeed(copy, outcome.value, verdict.kind);
    else this.#failed(copy, { copy: copy.number, outcome, verdict });
  }

  /** It runs no longer. */
  #take(copy: Copy): void {
    this.#running.splice(this.#running.indexOf(copy), 1);
    copy.end();
  }

  #succeed(winner: Copy, value: T, kind: Verdict['kind']): void {
    const { budget, pace, clock, settings } = this.#rules;
    this.#settle();
    this.#resolve(value);
    if (this.#deposited && kind === 'success') budget?.succeeded(winner.paidFor);
    if (pace.learns || this.#started > 1) {
      const now = clock.now();
      if (winner.number === 1 && kind === 'success') pace.took(now - this.#startedAt, now);
      this.#giveUpRunning(outrun, now);
      this.#publishFinished(winner.number, winner.attempt, now);
    }
    for (const { outcome } of this.#failures ?? []) dispose(outcome, settings);
  }

  #failed(copy: Copy, failure: Failure<T>): void {
    const { settings, budget, clock } = this.#rules;
    const { outcome, verdict } = failure;
    const refused = isRefusal(outcome);
    if (copy.number > 1 && (copy.neverLeft || sentNothing(outcome))) budget?.giveBack(copy.paidFor);
    this.#sent = moreDoubtful(this.#sent, sentBy(outcome, copy));
    this.#failures ??= [];
    this.#failures.push(failure);

    const elsewhere = settings.action !== undefined;
    // A target that asks for less, and a gate that lets nothing through, get no further copy of this call. Elsewhere
    // that means nothing.
    const unwelcome = refused || verdict.kind === 'throttled' || wishMs(verdict) > 0;
    if (unwelcome && !elsewhere) this.#closed = true;

    const beneath = givenUpBeneath(outcome) !== undefined || ruledOutBeneath(outcome);
    const forGood = (verdict.retry === 'never' && !refused) || (beneath && !elsewhere);
    const now = clock.now();
    const goesOn = !forGood && (this.#running.length > 0 || this.#mayHedge(now));
    // Told before more is asked for, and once: of the last one, a retry above tells.
    if (isBad(verdict) && (goesOn || this.#deposited)) budget?.failed(verdict);
    if (goesOn && (this.#hedge(now, verdict) || this.#running.length > 0)) return;

    const telling = forGood ? failure : tellingFailure(this.#failures);
    this.#settle();
    this.#giveUpRunning(outrun, now);
    if (telling.outcome.ok) this.#resolve(telling.outcome.value);
    else this.#reject(telling.outcome.error);
    this.#publishFinished(0, copy.attempt, now);
    for (const each of this.#failures) if (each !== telling) dispose(each.outcome, settings);
  }

  #mayHedge(now: number): boolean {
    return !this.#closed && this.#started <= this.#maxHedges && now < this.#call.deadline;
  }

  /** The caller has left, or the deadline further out has passed. */
  #cancelled(reason: unknown): void {
    const { clock, settings } = this.#rules;
    const now = clock.now();
    this.#settle();
    this.#reject(reason);
    this.#giveUpRunning(reason, now);
    this.#publishFinished(0, this.#call.attempts, now);
    for (const { outcome } of this.#failures ?? []) dispose(outcome, settings);
  }

  #settle(): void {
    this.#settled = true;
    this.#rules.wheel.remove(this);
    this.#leave?.();
  }

  #giveUpRunning(reason: unknown, now: number): void {
    for (const copy of this.#running) {
      // A caller who merely left says nothing of how long it would have taken.
      const slow = reason === outrun || reason instanceof DeadlineExceededError;
      if (copy.number === 1 && slow) this.#tookLonger(now);
      copy.giveUp(reason, now);
    }
  }

  /**
   * A first copy that was given up counts with what it had lasted by then. Left out, the slow ones would be missing from
   * the latencies just because they were hedged, and the wait would shrink until everything was.
   */
  #tookLonger(now: number): void {
    const lasted = now - this.#startedAt;
    if (this.#delayMs !== undefined && lasted >= this.#delayMs) this.#rules.pace.took(lasted, now);
  }

  #endedLate(copy: Copy, outcome: Outcome<T>): void {
    const { settings, budget, clock, events } = this.#rules;
    const now = clock.now();
    const lateMs = copy.endedLate(now);
    if (copy.number > 1 && (copy.neverLeft || sentNothing(outcome))) budget?.giveBack(copy.paidFor);
    if (lateMs >= promptMs && events.wants('work.ended-late')) {
      const { target, operation, attempt } = copy;
      events.publish({ type: 'work.ended-late', at: now, target, operation, attempt, lateMs });
    }
    dispose(outcome, settings);
  }

  #publishFinished(winner: number, attempt: number, now: number): void {
    const { events } = this.#rules;
    if (this.#started === 1 || !events.wants('hedge.finished')) return;
    const { target, operation } = this.#call;
    events.publish({ type: 'hedge.finished', at: now, target, operation, attempt, winner, copies: this.#started });
  }
}

function isBad({ kind }: Verdict): boolean {
  return kind === 'failure' || kind === 'throttled';
}

/** Whether a gate beneath turned the copy away before anything of it was sent. */
function sentNothing(outcome: Outcome): boolean {
  return !outcome.ok && outcome.error instanceof RefusedError && outcome.error.sent === 'never';
}

/** An error of ours knows best what it sent; another one knows nothing, and then what the copy told stands. */
function sentBy(outcome: Outcome, copy: Copy): Sent {
  return !outcome.ok && isSwitchgearError(outcome.error) ? outcome.error.sent : copy.sent;
}

function dispose(outcome: Outcome, { dispose }: HedgeSettings<unknown>): void {
  if (dispose === undefined || !outcome.ok) return;
  try {
    hush(dispose(outcome.value));
  } catch {
    // It is told so that it can clean up. That it cannot is no concern of the call's.
  }
}
