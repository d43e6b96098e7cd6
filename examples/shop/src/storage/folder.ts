import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it. Not by `mkdirSync`'s own recursion, which never returns where the system denies a
 * folder with ENOENT, as in /proc.
 */
export function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // The other service may have made it in the meantime.
    if (!existsSync(path)) throw error;
  }
}
