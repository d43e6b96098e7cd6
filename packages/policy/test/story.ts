import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { type Call, pipeline, RefusedError, SwitchgearError, type Verdict } from '../src/index.ts';
import { ManualClock, seededRandom } from '../src/testing/index.ts';
import { anyStack, type Made, makeStack, type Recipe, Seam } from './stacks.ts';

/*
 * A story is a stack of policies and the calls that go through it, every one of them and every send of theirs with its
 * fate written beforehand. Living it twice gives the same twice.
 */

/** What becomes of one send. */
export interface Fate {
  /** How long the work takes, in milliseconds. 0 is over in the same turn. */
  readonly ms: number;
  readonly end: 'value' | 'down' | 'busy' | 'no such user' | 'never left' | 'throws';
  /** Whether it goes on when it is cancelled. */
  readonly deaf: boolean;
}

export interface CallStory {
  /** After the call before it, in milliseconds. */
  readonly gapMs: number;
  readonly key: string;
  readonly idempotent: boolean;
  /** What is left of its own deadline when it begins, in milliseconds. */
  readonly leftMs: number;
  /** When the caller leaves, in milliseconds and then in turns of the microtask queue; below 0 for before it begins. */
  readonly leavesAfterMs: number;
  readonly leavesAfterTurns: number;
  /** Which of `reasons` the caller gives. */
  readonly reason: number;
  readonly fates: readonly Fate[];
}

export interface Story {
  readonly stack: readonly Recipe[];
  readonly calls: readonly CallStory[];
  readonly seed: number;
  /** Whether to look between the policies. Where somebody looks, neighbouring gates are entered one by one. */
  readonly seams: boolean;
}

class Throwing {
  get message(): string {
    throw new Error('looked at');
  }
}

/** What callers give as their reason for leaving. Whatever it is, it is theirs, and they get it back. */
export const reasons: readonly (() => unknown)[] = [
  () => undefined,
  () => 'left',
  () => Object.freeze({ because: 'frozen' }),
  () => new Throwing(),
  () => new Error('mine'),
];

/** An error that says by itself how it is to be judged. */
class Told extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_TEST_TOLD';
  readonly #end: Fate['end'];

  constructor(end: Fate['end']) {
    super(end, { sent: end === 'never left' ? 'never' : 'answered' });
    this.#end = end;
  }

  override verdict(idempotent: boolean): Verdict {
    if (this.#end === 'no such user') return { kind: 'success', retry: 'never' };
    if (this.#end === 'never left') return { kind: 'failure', retry: 'backoff' };
    return { kind: 'throttled', retry: idempotent ? 'backoff' : 'never', retryAfterMs: 8 };
  }
}

const fate: fc.Arbitrary<Fate> = fc.record({
  ms: fc.constantFrom(0, 0, 1, 10, 15, 25, 60),
  end: fc.constantFrom<Fate['end'][]>(
    'value',
    'value',
    'value',
    'down',
    'down',
    'busy',
    'no such user',
    'never left',
    'throws',
  ),
  deaf: fc.boolean(),
});

const never = Number.POSITIVE_INFINITY;

const callStory: fc.Arbitrary<CallStory> = fc.record({
  gapMs: fc.constantFrom(0, 0, 1, 10, 30, 100),
  key: fc.constantFrom('alice', 'alice', 'bob'),
  idempotent: fc.constantFrom(true, true, true, false),
  leftMs: fc.constantFrom(never, never, never, never, 80, 15, 0),
  leavesAfterMs: fc.constantFrom(never, never, never, never, never, never, 0, 5, 10, 15, -1),
  leavesAfterTurns: fc.nat({ max: 8 }),
  reason: fc.nat({ max: reasons.length - 1 }),
  fates: fc.array(fate, { minLength: 1, maxLength: 3 }),
});

export const anyStory: fc.Arbitrary<Story> = fc.record({
  stack: anyStack,
  calls: fc.array(callStory, { minLength: 1, maxLength: 5 }),
  seed: fc.nat(),
  seams: fc.boolean(),
});

/** One send: work that was begun for a call. */
export interface Send {
  /** Which of the calls. */
  readonly of: number;
  readonly at: number;
  readonly attempt: number;
  readonly deadline: number;
  readonly fate: Fate;
  /** Whether the call knew already that nobody waits for it. */
  readonly cancelledBefore: boolean;
  readonly named: boolean;
}

/** How a call ended for whoever made it. */
export interface Ending {
  readonly as: 'ok' | 'refused' | 'aborted' | 'failed';
  readonly at: number;
  readonly value?: unknown;
  readonly error?: unknown;
}

/** What was lived through. */
export interface Lived {
  readonly story: Story;
  readonly layers: readonly Made[];
  /** Above each layer, and the last beneath them all; two when nobody looked between. */
  readonly seams: readonly Seam[];
  /** A list per call: all that its caller heard. */
  readonly endings: readonly (readonly Ending[])[];
  readonly startedAt: readonly number[];
  readonly sends: readonly Send[];
  /** Fallbacks asked, and those asked for a caller who had left. */
  readonly answers: { asked: number; inVain: number };
  /** The most works that ran at once. */
  readonly most: number;
  /** What is left when everything is over. All of it is to be 0. */
  readonly left: Readonly<Record<string, number>>;
}

/** Longer than anything in a story can take. */
const overMs = 20_000;

/**
 * @param meddle Is run now and then, as time goes by: what a policy is not to notice.
 */
export async function live(story: Story, meddle?: (clock: ManualClock) => void): Promise<Lived> {
  const clock = new ManualClock(1_000);
  const random = seededRandom(story.seed);
  const answers = { asked: 0, inVain: 0 };
  const layers = makeStack(story.stack, { clock, random }, (call) => {
    answers.asked++;
    if (isCancelled(call)) answers.inVain++;
  });
  const seams = Array.from({ length: story.seams ? layers.length + 1 : 2 }, () => new Seam());
  const policies = story.seams
    ? layers.flatMap(({ policy }, i) => [seams[i] as Seam, policy])
    : [seams[0] as Seam, ...layers.map(({ policy }) => policy)];
  const whole = pipeline(...policies, seams.at(-1) as Seam);

  const sends: Send[] = [];
  const endings: Ending[][] = story.calls.map(() => []);
  const startedAt: number[] = [];
  const callers = story.calls.map(() => new AbortController());
  let [running, most] = [0, 0];

  const send = (of: number, call: Call): Promise<unknown> => {
    const { fates, key } = story.calls[of] as CallStory;
    const nth = sends.reduce((sum, one) => sum + (one.of === of ? 1 : 0), 0);
    const fate = fates[nth % fates.length] as Fate;
    const named = call.target === 'users' && call.operation === `call ${of}` && call.key === key;
    const { attempt, deadline } = call;
    sends.push({ of, at: clock.now(), attempt, deadline, fate, cancelledBefore: isCancelled(call), named });
    if (fate.end === 'never left') call.progress('connect', 'never');
    if (fate.end === 'throws') throw new Error('at once');
    const value = { of };
    if (fate.ms === 0) return fate.end === 'value' ? Promise.resolve(value) : Promise.reject(errorOf(fate));
    most = Math.max(most, ++running);
    return new Promise((resolve, reject) => {
      const over = (settle: () => void): void => {
        if (stop === undefined) return;
        stop();
        stop = undefined;
        timer.cancel();
        running--;
        settle();
      };
      let stop: (() => void) | undefined = () => {};
      const timer = clock.setTimer(fate.ms, () =>
        over(() => (fate.end === 'value' ? resolve(value) : reject(errorOf(fate)))),
      );
      if (!fate.deaf) stop = call.onCancel((reason) => over(() => reject(reason)));
    });
  };

  const begin = (of: number): void => {
    const { key, idempotent, leftMs, leavesAfterMs, leavesAfterTurns, reason } = story.calls[of] as CallStory;
    const caller = callers[of] as AbortController;
    const given = reasons[reason] as () => unknown;
    const leave = async (): Promise<void> => {
      for (let turn = 0; turn < leavesAfterTurns; turn++) await null;
      caller.abort(given());
    };
    if (leavesAfterMs < 0) caller.abort(given());
    startedAt[of] = clock.now();
    const end = (as: Ending['as'], rest: Omit<Ending, 'as' | 'at'>): void => {
      endings[of]?.push({ as, at: clock.now(), ...rest });
    };
    whole
      .execute((call) => send(of, call), {
        target: 'users',
        operation: `call ${of}`,
        key,
        idempotent,
        deadline: clock.now() + leftMs,
        signal: caller.signal,
      })
      .then(
        (value) => end('ok', { value }),
        (error) => {
          const left = caller.signal.aborted && error === caller.signal.reason;
          end(left ? 'aborted' : error instanceof RefusedError ? 'refused' : 'failed', { error });
        },
      );
    if (leavesAfterMs === 0) void leave();
    else if (leavesAfterMs > 0 && leavesAfterMs !== never) clock.setTimer(leavesAfterMs, () => void leave());
  };

  let at = 0;
  for (const [of, { gapMs }] of story.calls.entries()) {
    at += gapMs;
    clock.setTimer(at, () => begin(of));
  }
  if (meddle !== undefined) for (let ms = 0; ms < 300; ms += 23) clock.setTimer(ms, () => meddle(clock));
  await clock.advance(overMs);

  const held = layers.map(({ kind, held }) => [kind, held()] as const);
  const listeners = callers.reduce((sum, { signal }) => sum + getEventListeners(signal, 'abort').length, 0);
  const open = seams.reduce((sum, seam) => sum + seam.open, 0);
  const left = { ...Object.fromEntries(held), timers: clock.pending, listeners, running, open };
  return { story, layers, seams, endings, startedAt, sends, answers, most, left };
}

function errorOf({ end }: Fate): unknown {
  return end === 'down' ? new Error('down') : new Told(end);
}

/** By way of a listener, which is what a transport would have. */
function isCancelled(call: Call): boolean {
  let cancelled = false;
  call.onCancel(() => {
    cancelled = true;
  })();
  return cancelled;
}
