/** The header that tells a server which attempt at a call it sees. */
export const defaultAttemptHeader = 'x-request-attempt';

/** Which attempt a request is: 1 for the first, and of how many at most, if its sender says so. */
export interface AttemptCount {
  readonly attempt: number;
  readonly max: number | undefined;
}

/** `2;max=3`: an Item of RFC 9651, so that a server which wants the number alone need only read up to the semicolon. */
export function formatAttemptCount(attempt: number, max: number): string {
  return `${attempt};max=${max}`;
}

/** Reads what `formatAttemptCount` writes, with or without a `max`; anything else is nobody's count. */
export function readAttemptCount(header: string | undefined): AttemptCount | undefined {
  const match = header === undefined ? null : /^([1-9]\d{0,3})(?:; ?max=([1-9]\d{0,3}))?$/.exec(header);
  if (match === null) return undefined;
  const max = match[2] === undefined ? undefined : Number(match[2]);
  return { attempt: Number(match[1]), max };
}

/** How often a mesh has sent a request by itself, this time included: Envoy's `x-envoy-attempt-count`. */
export function readMeshAttempt(header: string | undefined): number | undefined {
  return header !== undefined && /^[1-9]\d{0,3}$/.test(header) ? Number(header) : undefined;
}
