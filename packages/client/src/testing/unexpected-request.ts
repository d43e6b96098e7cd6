import { type ErrorFacts, SwitchgearError, type Verdict, verdicts } from '@switchgear/policy';

/**
 * A request came that nobody scripted, or that no cassette holds. It is the test that is wrong, or the code under test:
 * so it is never sent again, no breaker counts it, and no fallback answers in its place.
 */
export class UnexpectedRequestError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_UNEXPECTED_REQUEST';
  /** What was expected, in words. */
  readonly expected: string;
  /** What came, in words. */
  readonly got: string;

  constructor(where: string, expected: string, got: string, facts: ErrorFacts = {}) {
    super(`${where}: expected ${expected}, got ${got}`, facts);
    this.expected = expected;
    this.got = got;
  }

  override verdict(): Verdict {
    return verdicts.ignored;
  }
}

/** A request in a few words. Without its query: that may hold anything. */
export function requestLine({ method, path }: { readonly method: string; readonly path: string }): string {
  return `${method} ${withoutQuery(path)}`;
}

export function withoutQuery(path: string): string {
  return path.split('?', 1)[0] as string;
}
