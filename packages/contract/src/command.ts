import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { ContractError } from './document/contract-error.ts';
import { generateContract } from './generate-contract.ts';

const usage = `switchgear-contract: operations for @switchgear/client, made from an OpenAPI 3.1 document

  switchgear-contract openapi.yaml                    prints the module
  switchgear-contract openapi.yaml --out contract.ts  writes it
  switchgear-contract openapi.yaml --out contract.ts --check
                                                      writes nothing; ends with 1 when the file is another

The module needs @switchgear/client and zod. What the document says and the module
does not check is told on standard error.`;

/** Where the command's words go. */
export interface Streams {
  out(text: string): void;
  err(text: string): void;
}

/** Runs the command. @returns The exit status: 0; 1 when --check found a difference; 2 when it could not be done. */
export function runCommand(args: readonly string[], { out, err }: Streams): number {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { out: { type: 'string' }, check: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help) {
      out(`${usage}\n`);
      return 0;
    }
    const [file, ...more] = positionals;
    if (file === undefined || more.length > 0 || (values.check && values.out === undefined)) {
      err(`${usage}\n`);
      return 2;
    }
    const { source, notes } = generateContract(readFileSync(file, 'utf8'), basename(file));
    for (const note of notes) err(`${note}\n`);
    if (values.out === undefined) out(source);
    else if (values.check) return compare(source, values.out, err);
    else write(source, values.out);
    return 0;
  } catch (error) {
    err(`${explained(error)}\n`);
    return 2;
  }
}

function compare(source: string, path: string, err: (text: string) => void): number {
  let there: string;
  try {
    there = readFileSync(path, 'utf8');
  } catch (error) {
    err(`${explained(error)}\n`);
    return 1;
  }
  if (there === source) return 0;
  err(`${path}: is not what the document makes; run again without --check\n`);
  return 1;
}

function write(source: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, source);
}

/** In words where they are meant for people: the document's faults, the arguments', the file system's. */
function explained(error: unknown): string {
  if (error instanceof ContractError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return `switchgear-contract: ${message}`;
  throw error;
}
