import { OperatorError } from './operator-error.ts';

/** The part of a process that `runMain` touches; a test hands in its own. */
export interface MainProcess {
  exitCode?: string | number | null | undefined;
  readonly stderr: { write(text: string): unknown };
}

/**
 * Runs a process's entry and turns its failure into exit code 1.
 * An `OperatorError` is told in words; anything else is a defect and keeps its stack.
 */
export async function runMain(name: string, main: () => Promise<void>, host: MainProcess = process): Promise<void> {
  try {
    await main();
  } catch (error) {
    host.stderr.write(`${name}: ${describe(error)}\n`);
    host.exitCode = 1;
  }
}

function describe(error: unknown): string {
  if (error instanceof OperatorError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
