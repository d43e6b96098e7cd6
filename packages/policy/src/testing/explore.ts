/** Takes one of the choices; which one is the explorer's business. There must be at least one. */
export type Choose = <T>(choices: readonly T[]) => T;

/** How far an exploration goes. */
export interface ExploreLimits {
  /**
   * Runs after which it stops with an error, a whole number of at least 1: a test that was meant to be exhaustive must
   * not turn into a sample, or into an hour, unnoticed. @default 1_000_000
   */
  readonly maxRuns?: number;
}

/**
 * Runs a script once for every way its choices can fall, depth first. The script makes its world anew, asks `choose`
 * whenever more than one thing may happen next, and ends by itself, say after twelve steps. It must be deterministic but
 * for what `choose` answers: no clock but a manual one, no chance but a seeded one.
 *
 * Nothing is undone between two ways, since promises cannot be: each run begins at the beginning and follows the choices
 * of the one before, up to the last that had another answer. Stateless search, as in Godefroid, "Model checking for
 * programming languages using VeriSoft", POPL 1997.
 * @returns How many ways there were.
 * @throws Whatever the script threw. An error has the choices that led there in its message, in order.
 */
export async function explore(
  script: (choose: Choose) => void | Promise<void>,
  { maxRuns = 1_000_000 }: ExploreLimits = {},
): Promise<number> {
  /** Per choice of the run: which answer it gets, and how many there are. */
  const path: { answer: number; of: number }[] = [];
  for (let runs = 1; ; runs++) {
    if (runs > maxRuns) throw new Error(`more than ${maxRuns} ways: the script leaves too much open`);
    const taken: unknown[] = [];
    const choose: Choose = (choices) => {
      const at = taken.length;
      const step = path[at] ?? { answer: 0, of: choices.length };
      if (at === path.length) path.push(step);
      if (choices.length === 0) throw new Error('nothing to choose from');
      if (step.of !== choices.length) {
        throw new Error(`the script is not deterministic: ${step.of} choices became ${choices.length}`);
      }
      const choice = choices[step.answer] as (typeof choices)[number];
      taken.push(choice);
      return choice;
    };
    try {
      await script(choose);
    } catch (error) {
      if (error instanceof Error) error.message = `${error.message}\nafter ${JSON.stringify(taken)}`;
      throw error;
    }
    // A run may have ended before it came to the later choices of the one before.
    path.length = taken.length;
    while (path.length > 0) {
      const last = path[path.length - 1] as { answer: number; of: number };
      if (++last.answer < last.of) break;
      path.pop();
    }
    if (path.length === 0) return runs;
  }
}
