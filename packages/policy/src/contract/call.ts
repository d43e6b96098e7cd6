import type { CallGroup, GroupMember } from './call-group.ts';
import { moreDoubtful, type Phase, type Sent } from './progress.ts';

/** Takes a subscription back. Safe to call more than once. */
export type Unsubscribe = () => void;

/** What an operation is told about the call it works for. */
export interface Call {
  /** The service that is called, '' when unnamed. */
  readonly target: string;
  /** What is asked of it, '' when unnamed. */
  readonly operation: string;
  /** What makes two calls the same question: arguments and principal, in a string. For policies that tell calls apart. */
  readonly key?: string | undefined;
  /** 1 for the first send. */
  readonly attempt: number;
  /** Which copy of the attempt it is, where several race: 1 for the first, which is nearly always the only one. */
  readonly copy: number;
  /** When the whole call must be over, in monotonic milliseconds of the runtime's clock; Infinity when never. */
  readonly deadline: number;
  /** Whether the same work may be done twice without harm. */
  readonly idempotent: boolean;
  /** Aborted when the caller leaves, the attempt times out or the deadline passes. Made when first read. */
  readonly signal: AbortSignal;
  /** Runs once when the call is cancelled, at once if it has been. Far cheaper than `signal`. */
  onCancel(run: (reason: unknown) => void): Unsubscribe;
  /** Says how far the work has got, so that a timeout can tell. Until told, a timeout assumes the worst. */
  progress(phase: Phase, sent: Sent): void;
  /**
   * The work has something to answer with, and goes on: a body that is still being read. Whatever place the call takes
   * stays taken until the returned function is called.
   */
  hold(): () => void;
}

/** What a caller may say of one call. */
export interface CallOptions {
  /** @default '' */
  readonly target?: string | undefined;
  /** @default '' */
  readonly operation?: string | undefined;
  /**
   * What makes two calls the same question, such as `alice 42`: the arguments, and whoever the answer is meant for.
   * Policies that tell calls apart (cache, coalesce) can go by it. @default none
   */
  readonly key?: string | undefined;
  /** Absolute, in monotonic milliseconds of the runtime's clock. @default Infinity */
  readonly deadline?: number | undefined;
  /** Whether a retry may do the work twice. @default true */
  readonly idempotent?: boolean | undefined;
  /** The caller's own way to leave. Its reason is what the call rejects with. @default none */
  readonly signal?: AbortSignal | undefined;
  /** Calls that are ended together with this one, by whoever has the group. @default none */
  readonly group?: CallGroup | undefined;
}

/** Work that makes one attempt. */
export type Operation<T> = (call: Call) => Promise<T>;

type CancelListener = (reason: unknown) => void;

const nothing = (): void => {};
const saidNothing: CallOptions = Object.freeze({});

/** Finds the deadline of what surrounds a call that begins. Unset until someone has made such a surrounding. */
let surroundingDeadline: (() => number) | undefined;
let leaveSurrounding: (<T>(run: () => T) => T) | undefined;

/**
 * From now on, root calls keep the deadline that is found for them, too. It is here because calls begin here; what
 * surrounds them is for `timeout/` to know, and until it has something to tell, asking costs nothing.
 */
export function inheritDeadlines(find: () => number, leave: <T>(run: () => T) => T): void {
  surroundingDeadline = find;
  leaveSurrounding = leave;
}

/** Runs what no caller waits for, such as a refresh: the deadline of what happens to surround it is none of its own. */
export function outsideDeadlines<T>(run: () => T): T {
  return leaveSurrounding === undefined ? run() : leaveSurrounding(run);
}

/** A deadline only ever shrinks. One that is no number counts as not given. */
function rootDeadline(given: number | undefined): number {
  const own = typeof given === 'number' && !Number.isNaN(given) ? given : Number.POSITIVE_INFINITY;
  return surroundingDeadline === undefined ? own : Math.min(own, surroundingDeadline());
}

/**
 * The call as the policies hand it inwards. A root is made per call; retries and timeouts derive children from it.
 * Nothing is made before it is needed: no controller until `signal` is read, no listener on the caller's signal until
 * something beneath wants to hear of it, and none left when that ends.
 */
export class CallContext implements Call {
  readonly attempt: number;
  readonly deadline: number;
  readonly parent: CallContext | undefined;
  /** Where the call began: what its caller said is kept there alone. */
  readonly #root: CallContext;
  /** What the innermost stage of a pipeline runs. */
  work: Operation<unknown> | undefined;
  /** Attempts begun so far. */
  attempts = 0;
  /** How far the latest attempt has got; `call` while none is running. */
  phase: Phase = 'call';
  sent: Sent = 'never';
  /** What the attempts before the latest one have sent, all told. */
  protected sentBefore: Sent = 'never';
  /** Attempts that were given up and have not ended: they still hold what they hold. Nearly no call has any. */
  #orphans: Orphans | undefined;

  protected constructor(parent: CallContext | undefined, attempt: number, deadline: number) {
    this.attempt = attempt;
    this.deadline = deadline;
    this.parent = parent;
    if (parent === undefined) {
      this.#root = this;
      return;
    }
    this.#root = parent.#root;
    this.work = parent.work;
    this.attempts = parent.attempts;
    this.phase = parent.phase;
    // Its own attempt has sent nothing yet, whatever those before it have.
    this.sent = attempt > parent.attempt ? 'never' : parent.sent;
  }

  /** The call that a policy was handed, or a new root for what a caller said. */
  static of(options: CallOptions | undefined): CallContext {
    return options instanceof CallContext ? options : new RootCall(options ?? saidNothing);
  }

  /** The same call, for the given attempt. */
  forAttempt(attempt: number): CallContext {
    return new CallContext(this, attempt, this.deadline);
  }

  /** The same call around other work: what a pipeline used as a policy inside another one runs. */
  around(work: Operation<unknown>): CallContext {
    const inner = new CallContext(this, this.attempt, this.deadline);
    inner.work = work;
    return inner;
  }

  get target(): string {
    return this.#root.target;
  }

  get operation(): string {
    return this.#root.operation;
  }

  get idempotent(): boolean {
    return this.#root.idempotent;
  }

  get key(): string | undefined {
    return this.#root.key;
  }

  get group(): CallGroup | undefined {
    return this.#root.group;
  }

  get copy(): number {
    // Only a root has no parent, and there is one of it.
    return this.parent?.copy ?? 1;
  }

  /** The group, where nothing else could ever cancel it. */
  get onlyGroup(): CallGroup | undefined {
    return this.parent?.onlyGroup;
  }

  /** Whether anything could ever cancel it. Most calls have no signal and no deadline above them, and need not listen. */
  get cancellable(): boolean {
    // Only a root has no parent, and that answers by itself; the same goes for the two below.
    return this.parent?.cancellable ?? false;
  }

  /** Whether the call has been cancelled, by whomever. */
  get cancelled(): boolean {
    return this.parent?.cancelled ?? false;
  }

  /** Why, once cancelled. */
  get reason(): unknown {
    return this.parent?.reason;
  }

  get signal(): AbortSignal {
    return (this.parent as CallContext).signal;
  }

  onCancel(run: (reason: unknown) => void): Unsubscribe {
    return (this.parent as CallContext).onCancel(run);
  }

  progress(phase: Phase, sent: Sent): void {
    // Outer calls are told too, so that whichever timer fires knows how far the latest attempt had got, and whether
    // any attempt so far may have reached the other side.
    for (let at: CallContext | undefined = this; at !== undefined; at = at.parent) {
      at.phase = phase;
      at.sent = moreDoubtful(at.sentBefore, sent);
    }
  }

  /** An attempt begins: until it says otherwise it counts as sent, and a timeout of any scope counts it. */
  begin(): void {
    for (let at: CallContext | undefined = this; at !== undefined; at = at.parent) {
      // What earlier attempts of a call above have done stays done. A hedged attempt may begin after a later one has.
      if (this.attempt > at.attempts) {
        at.sentBefore = at.sent;
        at.attempts = this.attempt;
      }
      at.phase = 'wait';
      at.sent = 'maybe';
    }
  }

  /** Whether something beneath was given up and still runs. */
  get hasOrphans(): boolean {
    return this.#orphans !== undefined && this.#orphans.running > 0;
  }

  /** Work beneath this call was given up but has not ended. Returns what to call when it does. */
  addOrphan(): () => void {
    for (let at: CallContext | undefined = this; at !== undefined; at = at.parent) {
      at.#orphans ??= { running: 0, whenNone: [] };
      at.#orphans.running++;
    }
    return () => {
      for (let at: CallContext | undefined = this; at !== undefined; at = at.parent) at.#orphanEnded();
    };
  }

  hold(): () => void {
    let release: (() => void) | undefined = this.addOrphan();
    return () => {
      const end = release;
      release = undefined;
      end?.();
    };
  }

  /** Runs once nothing that was given up is still working: at once, nearly always. */
  afterOrphans(run: () => void): void {
    if (this.hasOrphans) this.#orphans?.whenNone.push(run);
    else run();
  }

  #orphanEnded(): void {
    const orphans = this.#orphans as Orphans;
    orphans.running--;
    if (orphans.running > 0) return;
    const { whenNone } = orphans;
    orphans.whenNone = [];
    for (const run of whenNone) run();
  }
}

/** Work that was given up and goes on. */
interface Orphans {
  running: number;
  whenNone: (() => void)[];
}

function eitherOf(a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined {
  return a === undefined || b === undefined ? (a ?? b) : AbortSignal.any([a, b]);
}

function onAbort(source: AbortSignal, run: (reason: unknown) => void): Unsubscribe {
  if (source.aborted) {
    run(source.reason);
    return nothing;
  }
  const heard = (): void => run(source.reason);
  source.addEventListener('abort', heard, { once: true });
  return () => source.removeEventListener('abort', heard);
}

/** Where a call begins: it knows the caller's signal, and the group. */
class RootCall extends CallContext {
  readonly #target: string;
  readonly #operation: string;
  readonly #idempotent: boolean;
  readonly #key: string | undefined;
  readonly #source: AbortSignal | undefined;
  readonly #group: CallGroup | undefined;
  #own: AbortSignal | undefined;

  constructor(options: CallOptions) {
    super(undefined, 1, rootDeadline(options.deadline));
    this.#target = options.target ?? '';
    this.#operation = options.operation ?? '';
    this.#idempotent = options.idempotent ?? true;
    this.#key = options.key;
    this.#source = options.signal;
    this.#group = options.group;
  }

  override get target(): string {
    return this.#target;
  }

  override get operation(): string {
    return this.#operation;
  }

  override get idempotent(): boolean {
    return this.#idempotent;
  }

  override get key(): string | undefined {
    return this.#key;
  }

  override get group(): CallGroup | undefined {
    return this.#group;
  }

  override get onlyGroup(): CallGroup | undefined {
    return this.#source === undefined ? this.#group : undefined;
  }

  override get cancellable(): boolean {
    return this.#source !== undefined || this.#group !== undefined;
  }

  override get cancelled(): boolean {
    return this.#source?.aborted === true || this.#group?.cancelled === true;
  }

  override get reason(): unknown {
    return this.#source?.aborted === true ? this.#source.reason : this.#group?.reason;
  }

  override get signal(): AbortSignal {
    this.#own ??= eitherOf(this.#source, this.#group?.signal) ?? new AbortController().signal;
    return this.#own;
  }

  override onCancel(run: (reason: unknown) => void): Unsubscribe {
    const source = this.#source;
    const group = this.#group;
    if (source === undefined) return group === undefined ? nothing : group.onCancel(run);
    if (group === undefined) return onAbort(source, run);
    // Whichever is first; the other is not waited for any more.
    let leave: Unsubscribe[] = [];
    const end = (): void => {
      for (const each of leave) each();
      leave = [];
    };
    let heard = false;
    const once = (reason: unknown): void => {
      if (heard) return;
      heard = true;
      end();
      run(reason);
    };
    leave = [onAbort(source, once), group.onCancel(once)];
    if (heard) end();
    return end;
  }
}

/**
 * A part of a call that can be cancelled by itself: an attempt under a timeout, a whole call under a deadline.
 * Whoever makes one must `end` it, which takes every listener off the calls above.
 */
export class CallScope extends CallContext implements GroupMember {
  groupNext: GroupMember | undefined;
  groupPrevious: GroupMember | undefined;
  #cancelled = false;
  #reason: unknown;
  /** Who listens: nearly always one, the transport, so that a list is made for a second one only. */
  #listener: CancelListener | undefined;
  #listeners: CancelListener[] | undefined;
  #controller: AbortController | undefined;
  /** How it hears of a cancellation above: in a group, or by what takes it back. */
  #heardIn: CallGroup | Unsubscribe | undefined;
  #ended = false;

  constructor(parent: CallContext, deadline: number) {
    super(parent, parent.attempt, deadline);
  }

  /** Cancels this scope and all beneath it. The first reason stands. */
  cancel(reason: unknown): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#reason = reason;
    const first = this.#listener;
    const others = this.#listeners;
    this.#listener = undefined;
    this.#listeners = undefined;
    first?.(reason);
    if (others !== undefined) for (const run of others) run(reason);
    this.#controller?.abort(reason);
  }

  /** Forgets the calls above. What is cancelled later there no longer reaches this scope. */
  end(): void {
    this.#ended = true;
    const heardIn = this.#heardIn;
    if (heardIn === undefined) return;
    this.#heardIn = undefined;
    if (typeof heardIn === 'function') heardIn();
    else heardIn.remove(this);
  }

  override get onlyGroup(): undefined {
    return undefined;
  }

  override get cancellable(): boolean {
    return true;
  }

  override get cancelled(): boolean {
    return this.#cancelled || super.cancelled;
  }

  override get reason(): unknown {
    return this.#cancelled ? this.#reason : super.reason;
  }

  override get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.cancelled) this.#controller.abort(this.reason);
      else this.hearParent();
    }
    return this.#controller.signal;
  }

  override onCancel(run: (reason: unknown) => void): Unsubscribe {
    if (this.cancelled) {
      run(this.reason);
      return nothing;
    }
    if (this.#listener === undefined && this.#listeners === undefined) this.#listener = run;
    else if (this.#listeners === undefined) this.#listeners = [run];
    else this.#listeners.push(run);
    this.hearParent();
    return () => this.#forget(run);
  }

  #forget(run: CancelListener): void {
    if (this.#listener === run) {
      this.#listener = undefined;
      return;
    }
    const at = this.#listeners?.indexOf(run) ?? -1;
    if (at >= 0) this.#listeners?.splice(at, 1);
  }

  /** Hears of a cancellation above. Happens by itself once someone beneath listens. */
  protected hearParent(): void {
    const parent = this.parent as CallContext;
    if (this.#ended || this.#heardIn !== undefined || !parent.cancellable) return;
    const group = parent.onlyGroup;
    if (group === undefined || group.cancelled) {
      this.#heardIn = parent.onCancel((reason) => this.cancel(reason));
      return;
    }
    group.add(this);
    this.#heardIn = group;
  }
}
