import type { Call } from '../contract/call.ts';
import type { Runtime } from '../contract/runtime.ts';
import { ExpectationError } from './expectation-error.ts';
import { settle } from './manual-clock.ts';
import { ScriptOverrunError } from './script-overrun-error.ts';
import { type CheckedStep, readSteps, type ScriptStep } from './script-step.ts';
import { Attempt, type ScriptedAttempt } from './scripted-attempt.ts';

/** An operation that does what a list of steps says, a step an attempt, and remembers what it saw. */
export interface Scripted<T> {
  (call: Call): Promise<T>;
  /** What it saw, in the order in which the attempts began. It grows as they do. */
  readonly attempts: readonly ScriptedAttempt[];
  /** How often it has been run. */
  sends(): number;
  /** When each attempt began, in monotonic milliseconds. */
  begunAt(): number[];
  /**
   * Ends an attempt that runs, whatever its step was about to do, and lets what follows from it happen.
   * @param send Which one: 1 for the first that began.
   * @throws Error if it has not begun or has ended.
   */
  answer(send: number, value: T): Promise<void>;
  /** As `answer`, by throwing. */
  fail(send: number, error: unknown): Promise<void>;
  /**
   * The script was played to its end, and no further.
   * @throws ExpectationError naming the steps that were not used, or the attempt for which there was none.
   */
  done(): void;
}

/**
 * An operation that does, attempt by attempt, what a script says: answers, throws, takes its time, hangs. Calls that run
 * at once share the script, and are served in the order in which they begin. An attempt that the script has no step for
 * rejects with a `ScriptOverrunError`, which ends its call; `done()` tells of it again, should that have been swallowed.
 *
 * Model: `mock::Handle` in tower-test.
 * @param runtime Whose clock the steps take their time from.
 * @throws ConfigError naming the step that cannot be.
 */
export function scripted<T = never>(steps: readonly ScriptStep<T>[], { clock }: Pick<Runtime, 'clock'>): Scripted<T> {
  const script = readSteps(steps);
  const queue = [...script];
  const attempts: Attempt<T>[] = [];
  let usedOfFirst = 0;
  let overrun: ScriptOverrunError | undefined;

  function next(): CheckedStep<T> | undefined {
    const [step] = queue;
    if (step !== undefined && ++usedOfFirst >= step.times) {
      queue.shift();
      usedOfFirst = 0;
    }
    return step;
  }

  function operation(call: Call): Promise<T> {
    const step = next();
    const attempt = new Attempt<T>(call, clock);
    attempts.push(attempt);
    if (step !== undefined) attempt.play(step);
    else {
      const error = tooFar(attempts.length, script.length, attempt);
      overrun ??= error;
      attempt.fail(error);
    }
    return attempt.promise;
  }

  function running(send: number): Attempt<T> {
    const attempt = attempts[send - 1];
    if (attempt === undefined) throw new Error(`send ${send} has not begun: there were ${attempts.length}`);
    if (attempt.state === 'running') return attempt;
    throw new Error(`send ${send} has ended at ${attempt.endedAt} ms: ${attempt.state}`);
  }

  function done(): void {
    if (overrun !== undefined) throw new ExpectationError(overrun.message, 'a send too many', 'none', done);
    // A step that goes on for ever is used up once it has begun.
    const left = queue.filter(({ times }, i) => times !== Number.POSITIVE_INFINITY || i > 0 || usedOfFirst === 0);
    if (left.length === 0) return;
    const lines = left
      .map((step) => `  ${step.words}${step === queue[0] && usedOfFirst > 0 ? `: ${usedOfFirst} used` : ''}`)
      .join('\n');
    const sends = `${attempts.length} ${attempts.length === 1 ? 'send' : 'sends'}`;
    throw new ExpectationError(`after ${sends}, the script has steps left:\n${lines}`, lines, '', done);
  }

  return Object.assign(operation, {
    attempts,
    sends: () => attempts.length,
    begunAt: () => attempts.map(({ at }) => at),
    answer: async (send: number, value: T) => {
      running(send).answer(value);
      await settle();
    },
    fail: async (send: number, error: unknown) => {
      running(send).fail(error);
      await settle();
    },
    done,
  });
}

function tooFar(send: number, steps: number, { attempt, call, at }: ScriptedAttempt): ScriptOverrunError {
  const name = [call.target, call.operation].filter((part) => part !== '').join('.');
  return new ScriptOverrunError(
    `the script has no step for send ${send}, attempt ${attempt}${name === '' ? '' : ` of ${name}`} at ${at} ms: ` +
      `it has ${steps === 1 ? 'one step' : `${steps} steps`}`,
    { target: call.target, operation: call.operation, attempts: attempt },
  );
}
