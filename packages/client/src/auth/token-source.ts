import { attemptTimeout, type Call, type Policy, type Runtime, SwitchgearError } from '@switchgear/policy';
import { AuthenticationError, TokenUnavailableError } from '../errors.ts';

/** A token and how long it is good for. */
export interface FetchedToken {
  readonly accessToken: string;
  /** Milliseconds from when it was asked for; left out when it does not say. */
  readonly expiresInMs?: number | undefined;
}

/** A token in use. A renewed one has a higher generation. */
export interface Token {
  readonly value: string;
  readonly generation: number;
}

export interface TokenSourceOptions {
  /** Asks for a token. Never called while an earlier call of it is under way. */
  readonly fetchToken: (call: Call) => Promise<FetchedToken>;
  /** How long that may take, in milliseconds: it is for all who wait, and must not keep them waiting for ever. */
  readonly timeoutMs: number;
  /** After a refused or failed renewal, how long calls fail with its error instead of asking again, in milliseconds. */
  readonly coolDownMs: number;
  readonly onRefresh: (generation: number, durationMs: number, error: unknown) => void;
}

/** A token is renewed when this share of its life is over, a little jitter less: a late clock never meets the end. */
const renewAt = 0.8;
const renewJitter = 0.1;

/**
 * One credential's token: one refresh in flight whoever asks, ahead of its end, and not again for a while after a
 * failure. All time is monotonic, so a wall clock that jumps neither expires a token nor keeps a dead one.
 */
export class TokenSource {
  readonly #options: TokenSourceOptions;
  readonly #runtime: Runtime;
  readonly #limit: Policy;
  #token: Token | undefined;
  #renewAfter = 0;
  #expiresAt = 0;
  #flight: Promise<Token> | undefined;
  #generation = 0;
  #failure: { readonly error: unknown; readonly until: number } | undefined;
  /** The first generation that was refused although it was new: asking for another at once would not help. */
  #refusedFresh: { readonly generation: number; readonly until: number } | undefined;

  constructor(options: TokenSourceOptions, runtime: Runtime) {
    this.#options = options;
    this.#runtime = runtime;
    this.#limit = attemptTimeout({ attemptTimeoutMs: options.timeoutMs }, runtime);
  }

  /** The token for an attempt: at once while one is good, whether or not it is being renewed. */
  get(): Token | Promise<Token> {
    const now = this.#runtime.clock.now();
    const token = this.#token;
    if (token === undefined || now >= this.#expiresAt) return this.#refresh();
    if (now >= this.#renewAfter && this.#mayAsk(now)) {
      // Ahead of its end and in the background: this attempt still has a good token, and a failure is not its problem.
      this.#refresh().catch(() => {});
    }
    return token;
  }

  /**
   * A token was answered with 401.
   * @returns A newer one to try, or `undefined` when there is none to be had: the 401 stands.
   */
  async renew(refused: Token): Promise<Token | undefined> {
    const token = this.#token;
    // A late 401 for an older token: another call has renewed it meanwhile.
    if (token !== undefined && token.generation > refused.generation) return token;
    const now = this.#runtime.clock.now();
    if (this.#refusedFresh !== undefined && now < this.#refusedFresh.until) return undefined;
    // The refused one stays in use until there is a newer: the 401 may be about one endpoint and not about the token.
    return this.#refresh();
  }

  /** A token that `renew` had just given was refused too: it is not the token's age that is wrong. */
  refusedAfterRenewal(token: Token): void {
    const until = this.#runtime.clock.now() + this.#options.coolDownMs;
    this.#refusedFresh = { generation: token.generation, until };
  }

  #mayAsk(now: number): boolean {
    return this.#flight === undefined && (this.#failure === undefined || now >= this.#failure.until);
  }

  #refresh(): Promise<Token> {
    if (this.#flight !== undefined) return this.#flight;
    const now = this.#runtime.clock.now();
    if (this.#failure !== undefined && now < this.#failure.until) return Promise.reject(this.#failure.error);
    const flight = this.#fetch(now).finally(() => {
      this.#flight = undefined;
    });
    this.#flight = flight;
    return flight;
  }

  async #fetch(startedAt: number): Promise<Token> {
    const { fetchToken, coolDownMs, onRefresh } = this.#options;
    const { clock, random } = this.#runtime;
    let fetched: FetchedToken;
    try {
      fetched = await this.#limit.execute(fetchToken);
      if (typeof fetched?.accessToken !== 'string' || !/^[\x21-\x7e]+$/.test(fetched.accessToken)) {
        throw new AuthenticationError('the token is not one that a header can hold', {});
      }
    } catch (error) {
      const told = asTokenError(error, coolDownMs);
      this.#failure = { error: told, until: clock.now() + coolDownMs };
      onRefresh(this.#generation, clock.now() - startedAt, told);
      throw told;
    }
    this.#failure = undefined;
    this.#generation++;
    const token = { value: fetched.accessToken, generation: this.#generation };
    const given = fetched.expiresInMs;
    const lifeMs = given !== undefined && given > 0 ? given : Number.POSITIVE_INFINITY;
    this.#token = token;
    this.#expiresAt = startedAt + lifeMs;
    this.#renewAfter = startedAt + lifeMs * (renewAt - renewJitter * random());
    onRefresh(token.generation, clock.now() - startedAt, undefined);
    return token;
  }
}

/** What a failure to get a token means for the call that needed one. */
function asTokenError(error: unknown, coolDownMs: number): SwitchgearError {
  if (error instanceof AuthenticationError) return error;
  if (error instanceof TokenUnavailableError) {
    const { message, target, operation } = error;
    return new TokenUnavailableError(message, { target, operation, cause: error.cause, retryAfterMs: coolDownMs });
  }
  const why = error instanceof SwitchgearError ? error.message : 'the token function failed';
  return new TokenUnavailableError(`no token: ${why}`, { cause: error, retryAfterMs: coolDownMs });
}

/** What the client asks of whatever authorises its requests. */
export interface Credential {
  get(): Token | Promise<Token>;
  renew(refused: Token): Promise<Token | undefined>;
  refusedAfterRenewal(token: Token): void;
  close(): Promise<void>;
}
