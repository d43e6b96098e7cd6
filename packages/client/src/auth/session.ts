import type { Call } from '@switchgear/policy';
import { AuthenticationError, TokenUnavailableError } from '../errors.ts';
import { obtainedToken } from './bearer-token.ts';
import type { TokenEndpoint } from './token-endpoint.ts';
import type { SessionTokens, TokenKeeper } from './token-keeper.ts';
import type { Obtained } from './token-source.ts';

/** Gets the tokens of a session from where they are stored. */
export type LoadTokens = () => string | SessionTokens | Promise<string | SessionTokens>;

/** Whether the token server says that a refresh token is worth nothing: used before, revoked, or expired. */
export function isSessionEnd(error: unknown): error is AuthenticationError {
  return error instanceof AuthenticationError && error.reason === 'invalid_grant';
}

/** What a session is kept alive by. */
export interface SessionWays {
  readonly endpoint: TokenEndpoint;
  readonly keeper: TokenKeeper | undefined;
  /** What is left of the time for one token, in milliseconds. */
  readonly msLeft: () => number;
}

/** A refresh token through its rotations. The old one is given up when the new one is in hand, and not before. */
export class Session {
  readonly #load: LoadTokens | undefined;
  /** Tokens that came from outside and have not been used yet. */
  #given: SessionTokens | undefined;
  #refreshToken: string | undefined;
  #end: AuthenticationError | undefined;
  /** Counts the sessions. What was asked for by an earlier one changes nothing about this one. */
  #era = 0;

  constructor(from: string | LoadTokens) {
    if (typeof from === 'function') this.#load = from;
    else this.#given = { refreshToken: from };
  }

  /** Goes on with other tokens. */
  restore(tokens: SessionTokens): void {
    this.#era++;
    this.#given = tokens;
    this.#refreshToken = undefined;
    this.#end = undefined;
  }

  /** Gets an access token, by the refresh token unless there is a good one already. */
  async obtain(ways: SessionWays, call: Call): Promise<Obtained> {
    if (this.#end !== undefined) throw this.#end;
    const era = this.#era;
    if (this.#refreshToken === undefined) {
      const start = this.#given ?? (await this.#loaded());
      if (era === this.#era) this.#begin(start);
      if (start.accessToken !== undefined) return obtainedToken({ ...start, accessToken: start.accessToken });
      if (era !== this.#era) throw new TokenUnavailableError('the session was replaced', {});
    }
    const refused = this.#refreshToken as string;
    try {
      return await this.#refresh(refused, era, ways, call);
    } catch (error) {
      if (!isSessionEnd(error)) throw error;
      const stored = await this.#storedSince(refused);
      if (era !== this.#era) throw error;
      if (stored === undefined) {
        this.#end = error;
        throw error;
      }
      this.#begin(stored);
      if (stored.accessToken !== undefined) return obtainedToken({ ...stored, accessToken: stored.accessToken });
    }
    try {
      return await this.#refresh(this.#refreshToken as string, era, ways, call);
    } catch (error) {
      if (isSessionEnd(error) && era === this.#era) this.#end = error;
      throw error;
    }
  }

  #begin({ refreshToken }: SessionTokens): void {
    this.#given = undefined;
    this.#refreshToken = refreshToken;
  }

  async #refresh(refreshToken: string, era: number, ways: SessionWays, call: Call): Promise<Obtained> {
    const { endpoint, keeper, msLeft } = ways;
    const answer = await endpoint.ask({ grant_type: 'refresh_token', refresh_token: refreshToken }, call);
    const rotated = answer.refreshToken;
    if (rotated !== undefined && rotated !== refreshToken && era === this.#era) {
      // From here on the old one may be worth nothing, whatever becomes of the rest.
      this.#refreshToken = rotated;
      const { accessToken, expiresInMs } = answer;
      // A little less than what is left: calls that wait get the token, even though the store is slow.
      await keeper?.keep({ refreshToken: rotated, accessToken, expiresInMs }, msLeft() * 0.9);
    }
    return obtainedToken(answer);
  }

  /** What is stored, if it is another one: another process may have rotated the token, and stored what it got. */
  async #storedSince(refused: string): Promise<SessionTokens | undefined> {
    if (this.#load === undefined) return undefined;
    const stored = await this.#loaded();
    return stored.refreshToken === refused ? undefined : stored;
  }

  async #loaded(): Promise<SessionTokens> {
    const loaded = await (this.#load as LoadTokens)();
    const tokens = typeof loaded === 'string' ? { refreshToken: loaded } : loaded;
    if (isSession(tokens)) return tokens;
    throw new AuthenticationError('there is no session: what was loaded holds no refresh token', {}, 'no-session');
  }
}

/** Whether a value has what a session needs. */
export function isSession(value: unknown): value is SessionTokens {
  if (typeof value !== 'object' || value === null) return false;
  const { refreshToken, accessToken } = value as Partial<SessionTokens>;
  return (
    typeof refreshToken === 'string' &&
    refreshToken !== '' &&
    (accessToken === undefined || (typeof accessToken === 'string' && accessToken !== ''))
  );
}
