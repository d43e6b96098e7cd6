import { AsyncLocalStorage } from 'node:async_hooks';
import { attemptTimeout, type Call, type Policy, type Runtime, SwitchgearError } from '@switchgear/policy';
import { AuthenticationError, TokenUnavailableError } from '../errors.ts';
import { isLoss } from './auth-loss.ts';
import type { AuthenticatorContext } from './authenticator.ts';
import type { Grant, RefusedHeaders } from './credential.ts';
import { Flight } from './flight.ts';
import { renewalMayHelp } from './www-authenticate.ts';

export type { FetchedToken } from './bearer-token.ts';

/** What was got, and how long it is good for. */
export interface Obtained {
  /** What tells it from another: an equal one is the same grant, however often it is handed out. */
  readonly id: string;
  /** Milliseconds from when it was asked for; left out when it does not say. */
  readonly expiresInMs?: number | undefined;
  /** @throws AuthenticationError when no request can be authorised with it. */
  readonly grant: (generation: number) => Grant;
}

export interface TokenSourceOptions {
  /** Asks for a token. Never called while an earlier call of it is under way. */
  readonly obtain: (call: Call) => Promise<Obtained>;
  /** How long that may take, in milliseconds: it is for all who wait, and must not keep them waiting for ever. */
  readonly timeoutMs: number;
  /** After a refused or failed renewal, how long calls fail with its error instead of asking again, in milliseconds. */
  readonly coolDownMs: number;
  /** Whether it ends at once, and does no harm, when its call is cancelled because nobody waits any more. */
  readonly abandonable?: boolean;
  /** Whether an error ends all asking, until `restart`. */
  readonly isFinal?: (error: unknown) => boolean;
  /** Hears once that there are no credentials any more, and once again when that happens after there were some. */
  readonly onLost?: (error: AuthenticationError) => void;
}

/** Who hears what came of the token that it asked for. */
export type Asker = Pick<AuthenticatorContext, 'onRefresh' | 'onLost'>;

/** A token is renewed when this share of its life is over, a little jitter less: a late clock never meets the end. */
const renewAt = 0.8;
const renewJitter = 0.1;

/** A token server may ask for a longer cool-down than ours, but not for one that outlasts its own recovery by far. */
const longestAskedMs = 60_000;

/**
 * A token is asked for on behalf of all: outside whatever surrounds the call that happens to need it first, which is its
 * deadline, its trace, and the user it works for.
 */
const outside = AsyncLocalStorage.snapshot();

/**
 * One credential's token: one refresh in flight whoever asks, ahead of its end, and not again for a while after a
 * failure. All time is monotonic, so a wall clock that jumps neither expires a token nor keeps a dead one.
 */
export class TokenSource {
  readonly #options: TokenSourceOptions;
  readonly #runtime: Runtime;
  readonly #limit: Policy;
  #grant: Grant | undefined;
  #id = '';
  #renewAfter = 0;
  #expiresAt = 0;
  #flight: Flight<Grant> | undefined;
  #generation = 0;
  #failure: { readonly error: unknown; readonly until: number } | undefined;
  /** Until then, nothing new is asked for after a 401: a new one has just been refused as well. */
  #settledUntil = 0;
  #lost = false;
  /** Counts the restarts. What was asked for before one comes to nothing. */
  #era = 0;

  constructor(options: TokenSourceOptions, runtime: Runtime) {
    this.#options = options;
    this.#runtime = runtime;
    this.#limit = attemptTimeout({ attemptTimeoutMs: options.timeoutMs }, runtime);
  }

  /** What to authorise an attempt with: at once while it is good, whether or not it is being renewed. */
  get(call: Call, asker: Asker): Grant | Promise<Grant> {
    const now = this.#runtime.clock.now();
    const grant = this.#grant;
    if (grant === undefined || now >= this.#expiresAt) return this.#wait(call, asker);
    if (now >= this.#renewAfter && this.#flight === undefined && this.#mayAsk(now)) {
      // Ahead of its end and in the background: this attempt still has a good token, and a failure is not its problem.
      this.#takeOff(asker);
    }
    return grant;
  }

  /**
   * An attempt was answered with 401.
   * @returns A newer grant to try, or `undefined` when there is none to be had: the 401 stands.
   */
  async renew(refused: Grant, headers: RefusedHeaders, call: Call, asker: Asker): Promise<Grant | undefined> {
    const grant = this.#grant;
    // A late 401 for an older token: another call has renewed it meanwhile.
    if (grant !== undefined && grant.generation > refused.generation) return grant;
    if (!renewalMayHelp(headers) || this.#runtime.clock.now() < this.#settledUntil) return undefined;
    // The refused one stays in use until there is a newer: the 401 may be about one endpoint and not about the token.
    const renewed = await this.#wait(call, asker);
    if (renewed.generation > refused.generation) return renewed;
    this.refusedAfterRenewal();
    return undefined;
  }

  /** What `renew` had just given was refused too: it is not its age that is wrong. */
  refusedAfterRenewal(): void {
    this.#settledUntil = this.#runtime.clock.now() + this.#options.coolDownMs;
  }

  /** Forgets everything, as if it had just been made. What is being asked for comes to nothing. */
  restart(): void {
    this.#era++;
    this.#grant = undefined;
    this.#flight = undefined;
    this.#failure = undefined;
    this.#settledUntil = 0;
    this.#lost = false;
  }

  /** Resolves when nothing is being asked for. */
  async idle(): Promise<void> {
    await this.#flight?.result.catch(() => {});
  }

  #mayAsk(now: number): boolean {
    return this.#failure === undefined || now >= this.#failure.until;
  }

  #wait(call: Call, asker: Asker): Promise<Grant> {
    if (this.#flight === undefined && !this.#mayAsk(this.#runtime.clock.now())) {
      return Promise.reject(this.#failure?.error);
    }
    return (this.#flight ?? this.#takeOff(asker)).join(call);
  }

  #takeOff(asker: Asker): Flight<Grant> {
    const { abandonable, timeoutMs } = this.#options;
    const nobodyWaits = abandonable === true ? new AbortController() : undefined;
    const { promise, resolve } = Promise.withResolvers<Grant>();
    const flight = new Flight(promise, this.#runtime.clock, timeoutMs, nobodyWaits && abandon);
    const land = (): void => {
      if (this.#flight === flight) this.#flight = undefined;
    };
    function abandon(reason: unknown): void {
      land();
      nobodyWaits?.abort(reason);
    }
    // Before it asks: a token function that comes back here waits for itself, and not for one more of itself.
    this.#flight = flight;
    resolve(outside(() => this.#obtain(asker, nobodyWaits?.signal)).finally(land));
    return flight;
  }

  async #obtain(asker: Asker, nobodyWaits: AbortSignal | undefined): Promise<Grant> {
    const { clock } = this.#runtime;
    const era = this.#era;
    const startedAt = clock.now();
    let grant: Grant;
    try {
      const obtained = await this.#limit.execute(this.#options.obtain, { signal: nobodyWaits });
      if (era !== this.#era) return await this.#instead(asker);
      grant = this.#take(obtained, startedAt);
    } catch (error) {
      if (nobodyWaits?.aborted === true && error === nobodyWaits.reason) throw error;
      if (era !== this.#era) return await this.#instead(asker);
      throw this.#failed(error, startedAt, asker);
    }
    asker.onRefresh(grant.generation, clock.now() - startedAt, undefined);
    return grant;
  }

  /** Those who waited for what came before a restart get what is there after it. */
  #instead(asker: Asker): Grant | Promise<Grant> {
    const now = this.#runtime.clock.now();
    if (this.#grant !== undefined && now < this.#expiresAt) return this.#grant;
    if (this.#flight === undefined && !this.#mayAsk(now)) throw this.#failure?.error;
    return (this.#flight ?? this.#takeOff(asker)).result;
  }

  #take(obtained: Obtained, startedAt: number): Grant {
    const same = this.#grant !== undefined && obtained.id === this.#id;
    const grant = same ? (this.#grant as Grant) : obtained.grant(this.#generation + 1);
    this.#generation = grant.generation;
    this.#grant = grant;
    this.#id = obtained.id;
    const { expiresInMs } = obtained;
    const lifeMs = expiresInMs !== undefined && expiresInMs > 0 ? expiresInMs : Number.POSITIVE_INFINITY;
    this.#expiresAt = startedAt + lifeMs;
    this.#renewAfter = startedAt + lifeMs * (renewAt - renewJitter * this.#runtime.random());
    this.#failure = undefined;
    this.#lost = false;
    return grant;
  }

  #failed(error: unknown, startedAt: number, asker: Asker): SwitchgearError {
    const { coolDownMs, isFinal, onLost } = this.#options;
    const { clock } = this.#runtime;
    const told = asTokenError(error, coolDownMs);
    const final = isFinal?.(told) === true;
    const waitMs = Math.max(coolDownMs, told.retryAfterMs ?? 0);
    this.#failure = { error: told, until: final ? Number.POSITIVE_INFINITY : clock.now() + waitMs };
    if (final) this.#grant = undefined;
    asker.onRefresh(this.#generation, clock.now() - startedAt, told);
    if (isLoss(told) && !this.#lost) {
      this.#lost = true;
      asker.onLost(told);
      onLost?.(told);
    }
    return told;
  }
}

/** What a failure to get a token means for the call that needed one. */
function asTokenError(error: unknown, coolDownMs: number): AuthenticationError | TokenUnavailableError {
  if (error instanceof AuthenticationError) return error;
  if (error instanceof TokenUnavailableError) {
    const { message, target, operation, cause } = error;
    const retryAfterMs = Math.max(coolDownMs, Math.min(error.retryAfterMs ?? 0, longestAskedMs));
    return new TokenUnavailableError(message, { target, operation, cause, retryAfterMs });
  }
  const why = error instanceof SwitchgearError ? error.message : 'the token function failed';
  return new TokenUnavailableError(`no token: ${why}`, { cause: error, retryAfterMs: coolDownMs });
}
