import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../scripts/source/files.ts';

/** The compiler of this repository, as an argument for Node. */
export const tsc: string = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

export interface Ended {
  /** The exit code, or the signal that ended it. */
  readonly code: unknown;
  readonly stdout: string;
  /** All that it said, and whether it was too late. */
  readonly output: string;
}

export interface RunOptions {
  readonly cwd: string;
  /** Set on top of this process's own; `undefined` takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
}

/** Runs the Node that runs this test, and waits for its end. */
export function runNode(args: readonly string[], { cwd, env, timeoutMs = 120_000 }: RunOptions): Promise<Ended> {
  // What is run is a run of its own, not a part of this one, even if it uses node:test.
  const whole = { ...process.env, NODE_TEST_CONTEXT: undefined, ...env };
  return new Promise((resolve) => {
    execFile(process.execPath, [...args], { cwd, env: whole, timeout: timeoutMs }, (error, stdout, stderr) => {
      const late = error?.killed === true ? `did not end within ${timeoutMs} ms\n` : '';
      const code = error === null ? 0 : (error.code ?? error.signal);
      resolve({ code, stdout, output: `${late}${stdout}${stderr}` });
    });
  });
}
