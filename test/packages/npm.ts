import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { type Ended, type RunOptions, runNode } from '../run-node.ts';

/** Runs npm on the Node that runs this test. */
export function runNpm(args: readonly string[], options: RunOptions): Promise<Ended> {
  return runNode([npmCli(), ...args], options);
}

/** The script of the npm that runs us, or else of the one on PATH. */
function npmCli(): string {
  const running = process.env.npm_execpath;
  if (running?.endsWith('npm-cli.js')) return running;
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const command = join(folder, 'npm');
    if (!existsSync(command)) continue;
    const script = realpathSync(command);
    if (script.endsWith('.js')) return script;
    const beside = join(dirname(script), 'node_modules', 'npm', 'bin', 'npm-cli.js');
    if (existsSync(beside)) return beside;
  }
  throw new Error('PATH: expected npm on it, got none');
}
