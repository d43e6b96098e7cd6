import { readFileSync } from 'node:fs';

/** A file of test/tls-fixtures: made by the script beside it, for tests on loopback alone. */
export function fixture(name: string): string {
  return readFileSync(new URL(`tls-fixtures/${name}.pem`, import.meta.url), 'utf8');
}
