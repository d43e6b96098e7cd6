/** The host of each error. Kept beside it, so that an error which is frozen, or not ours, need not be changed. */
const hosts = new WeakMap<object, string>();

export function rememberHost(error: unknown, host: string): void {
  if (typeof error === 'object' && error !== null) hosts.set(error, host);
}

/**
 * The host that an error came from, as scheme, host and port, or `undefined` where there is only one, or none was asked.
 */
export function hostOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null ? hosts.get(error) : undefined;
}
