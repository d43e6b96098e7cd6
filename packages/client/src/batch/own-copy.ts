/**
 * The same value again for another caller, sharing nothing with the first one's that could change. `undefined` for what
 * would come back from a copy as less than it was: an instance of a class, a function.
 */
export function ownCopy(value: unknown): unknown {
  if (typeof value === 'function') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  try {
    return isData(value) ? structuredClone(value) : undefined;
  } catch {
    // A getter that throws, or data nested too deep to be copied.
    return undefined;
  }
}

/** Looks at everything that can be reached. Without recursion, so that deep data is no deeper than the heap. */
function isData(root: object): boolean {
  const seen = new Set<unknown>();
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value === 'function' || typeof value === 'symbol') return false;
    if (typeof value !== 'object' || value === null || seen.has(value)) continue;
    seen.add(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Date.prototype) continue;
    if (prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) return false;
    if (Object.getOwnPropertySymbols(value).length > 0) return false;
    for (const property of Object.values(Object.getOwnPropertyDescriptors(value))) {
      if (!('value' in property)) return false;
      open.push(property.value);
    }
  }
  return true;
}
