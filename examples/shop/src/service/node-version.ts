import { OperatorError } from './operator-error.ts';

const EXPECTED = '22.19 or later of 22, any 24, or 26 and later';

/** True for the versions the packages declare in `engines`: `^22.19 || ^24 || >=26`. */
export function isSupportedNode(version: string): boolean {
  const [major = Number.NaN, minor = Number.NaN] = version.split('.').map(Number);
  return (major === 22 && minor >= 19) || major === 24 || major >= 26;
}

/**
 * Call it before anything else is imported: an old Node otherwise dies on a missing built-in module,
 * which says nothing about the cause.
 * @throws OperatorError naming the version that is needed and the one that runs.
 */
export function requireSupportedNode(version: string = process.versions.node): void {
  if (isSupportedNode(version)) return;
  throw new OperatorError(`Node: expected ${EXPECTED}, got ${version}`);
}
