import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeadlineExceededError } from '../contract/errors.ts';
import { wheelOf } from '../stats/deadline-wheel.ts';
import { type Choose, explore } from '../testing/explore.ts';
import { ManualClock, settle } from '../testing/manual-clock.ts';
import { coalesce } from './coalesce.ts';

/*
 * Every way in which up to four calls and twelve steps can interleave, against a model so naive that it can be checked
 * by eye. A step is a call that joins, one that aborts, a deadline that passes, or work that ends; after each of them
 * either everything that is ready happens, or nothing does before the next step, which then meets promises that have
 * settled and have not been heard of.
 */

/** Of a call: what becomes of it. Of the work: whether it ended, and how, and for whom. */
interface ModelCall {
  readonly name: number;
  readonly deadline: number;
  fate: string;
}

interface ModelRun {
  readonly callers: ModelCall[];
  state: 'flying' | 'landing' | 'over';
  ended: boolean;
  outcome: string;
  cancelled: string;
}

class Model {
  now = 0;
  readonly calls: ModelCall[] = [];
  readonly runs: ModelRun[] = [];
  #current: ModelRun | undefined;

  join(leftMs: number): void {
    const call = { name: this.calls.length, deadline: this.now + leftMs, fate: 'waiting' };
    this.calls.push(call);
    if (this.#current === undefined) {
      this.#current = { callers: [], state: 'flying', ended: false, outcome: '', cancelled: '' };
      this.runs.push(this.#current);
    }
    this.#current.callers.push(call);
  }

  leave(call: ModelCall, fate: string): void {
    call.fate = fate;
    const run = this.runs.find(({ callers }) => callers.includes(call)) as ModelRun;
    run.callers.splice(run.callers.indexOf(call), 1);
    if (run.callers.length > 0) return;
    run.state = 'over';
    run.cancelled = fate;
    this.#current = undefined;
  }

  end(run: ModelRun, outcome: string): void {
    run.ended = true;
    if (run.state !== 'flying') return;
    run.state = 'landing';
    run.outcome = outcome;
  }

  /** What is ready happens. */
  settle(): void {
    for (const run of this.runs) {
      if (run.state !== 'landing') continue;
      for (const call of run.callers) call.fate = run.outcome;
      run.callers.length = 0;
      run.state = 'over';
      this.#current = undefined;
    }
  }

  pass(ms: number): void {
    this.settle();
    this.now += ms;
    for (const call of this.waiting) if (call.deadline <= this.now) this.leave(call, 'late');
  }

  get waiting(): ModelCall[] {
    return this.calls.filter(({ fate }) => fate === 'waiting');
  }
}

interface RealRun {
  readonly resolve: (value: string) => void;
  readonly reject: (error: string) => void;
  cancelled: string;
}

/** Steps of a walk. */
const most = 12;

interface Shape {
  readonly calls: number;
  /** Whether a step may come before what the last one set in motion. */
  readonly gaps: boolean;
  /** How long the calls have, in turn. */
  readonly leftMs: readonly number[];
}

type Step = 'join' | 'time passes' | `${'ok' | 'error'} ${number}` | `abort ${number}`;

function stepsOf(model: Model, shape: Shape): Step[] {
  const steps: Step[] = [];
  if (model.calls.length < shape.calls) steps.push('join');
  for (const { name } of model.waiting) steps.push(`abort ${name}`);
  for (const [at, { ended, state }] of model.runs.entries()) {
    if (ended) continue;
    steps.push(`ok ${at}`);
    // Of work that nobody waits for, it does not matter how it ends.
    if (state === 'flying') steps.push(`error ${at}`);
  }
  if (model.waiting.some(({ deadline }) => deadline !== Number.POSITIVE_INFINITY)) steps.push('time passes');
  return steps;
}

async function walk(choose: Choose, shape: Shape, clock: ManualClock): Promise<void> {
  const model = new Model();
  const policy = coalesce(
    { key: () => 'key' },
    { clock, random: () => 0, events: { wants: () => false, publish: () => {} } },
  );
  const runs: RealRun[] = [];
  const callers: AbortController[] = [];
  const fates: string[] = [];

  const join = (leftMs: number): void => {
    const at = callers.push(new AbortController()) - 1;
    fates.push('waiting');
    const work = policy.execute(
      (call) =>
        new Promise<string>((resolve, reject) => {
          const run = { resolve, reject, cancelled: '' };
          runs.push(run);
          call.onCancel((reason) => {
            run.cancelled = fateOf(reason);
          });
        }),
      { signal: (callers[at] as AbortController).signal, deadline: clock.now() + leftMs },
    );
    work.then(
      (value) => {
        fates[at] = value;
      },
      (error) => {
        fates[at] = fateOf(error);
      },
    );
  };

  const take = (step: Step): void | Promise<void> => {
    const at = Number(step.split(' ')[1]);
    if (step === 'join') {
      const leftMs = shape.leftMs[callers.length] as number;
      model.join(leftMs);
      join(leftMs);
    } else if (step === 'time passes') {
      model.pass(10);
      return clock.advance(10);
    } else if (step.startsWith('abort')) {
      model.leave(model.calls[at] as ModelCall, 'left');
      callers[at]?.abort('left');
    } else if (step.startsWith('ok')) {
      model.end(model.runs[at] as ModelRun, `ok ${at}`);
      runs[at]?.resolve(`ok ${at}`);
    } else {
      model.end(model.runs[at] as ModelRun, `error ${at}`);
      runs[at]?.reject(`error ${at}`);
    }
  };

  const compare = (): void => {
    const { keys, waiting } = policy.snapshot();
    const cancelled = runs.map(({ cancelled }) => cancelled).join();
    const flying = model.runs.filter(({ state }) => state !== 'over');
    const expected = model.runs.map(({ cancelled }) => cancelled).join();
    same(
      `${runs.length} runs, ${keys} keys, ${waiting} waiting, cancelled: ${cancelled}`,
      `${model.runs.length} runs, ${flying.length} keys, ${model.waiting.length} waiting, cancelled: ${expected}`,
    );
  };
  const compareFates = async (): Promise<void> => {
    model.settle();
    await settle();
    compare();
    same(fates.join(), model.calls.map(({ fate }) => fate).join());
  };

  for (let step = 0; step < most; step++) {
    const steps = stepsOf(model, shape);
    if (steps.length === 0) break;
    const taken = take(choose(steps));
    // Waiting for what is over already would let things happen in between.
    if (taken !== undefined) await taken;
    compare();
    if (shape.gaps && model.runs.some(({ state }) => state === 'landing') && choose([false, true])) continue;
    await compareFates();
  }
  await compareFates();
  const armed = model.waiting.filter(({ deadline }) => deadline !== Number.POSITIVE_INFINITY);
  assert.equal(wheelOf(clock).size, armed.length);
  for (const caller of callers) caller.abort('left');
}

/** As text, and only then by way of assert, which would take most of the time. */
function same(actual: string, expected: string): void {
  if (actual !== expected) assert.equal(actual, expected);
}

function fateOf(reason: unknown): string {
  return reason instanceof DeadlineExceededError ? 'late' : String(reason);
}

const never = Number.POSITIVE_INFINITY;

/** How many ways there are is part of the claim: fewer would mean that some are no longer walked. */
const shapes: readonly (Shape & { readonly about: string; readonly ways: number; readonly long?: boolean })[] = [
  {
    about: 'four calls, the first of them hurried',
    calls: 4,
    gaps: false,
    leftMs: [10, never, never, never],
    ways: 6_468,
  },
  { about: 'three calls in one turn', calls: 3, gaps: true, leftMs: [10, never, 20], ways: 5_706 },
  {
    about: 'four calls, two of them hurried',
    calls: 4,
    gaps: false,
    leftMs: [10, never, 20, never],
    ways: 24_270,
    long: true,
  },
  {
    about: 'four patient calls in one turn',
    calls: 4,
    gaps: true,
    leftMs: Array(4).fill(never),
    ways: 22_302,
    long: true,
  },
  { about: 'four calls in one turn', calls: 4, gaps: true, leftMs: [10, never, 20, never], ways: 133_942, long: true },
];

// The long ones take a quarter of a minute: EXPLORE=all npm test -- packages/policy/src/coalesce/coalesce-explorer.test.ts
for (const shape of shapes.filter(({ long }) => !long || process.env.EXPLORE === 'all')) {
  test(`agrees with a naive model in every way that ${shape.about} can take in ${most} steps`, async () => {
    const clock = new ManualClock();
    assert.equal(await explore((choose) => walk(choose, shape, clock)), shape.ways);
  });
}
