import type { Clock, Timer } from '@switchgear/policy';

/** What a session is made of. */
export interface SessionTokens {
  readonly refreshToken: string;
  /** One that is good already, if there is one. */
  readonly accessToken?: string | undefined;
  /** What is left of the access token's life, in milliseconds; left out when that is unknown. */
  readonly expiresInMs?: number | undefined;
}

export interface TokenKeeperOptions {
  readonly save: (tokens: SessionTokens) => unknown;
  /** How long one saving may take, in milliseconds. */
  readonly timeoutMs: number;
  /** The wait before a failed saving is tried again, in milliseconds; doubles up to 30 s. */
  readonly retryMs: number;
  readonly onUnsaved: (error: unknown, retryInMs: number) => void;
}

const longestRetryMs = 30_000;

/**
 * Hands rotated tokens to whoever stores them, the newest last, until they have been taken. The one they replace may be
 * worth nothing already, so a store that has missed them holds a session that a restart cannot take up.
 */
export class TokenKeeper {
  readonly #options: TokenKeeperOptions;
  readonly #clock: Clock;
  #newest: SessionTokens | undefined;
  #saved = true;
  #saving: Promise<void> | undefined;
  #retry: Timer | undefined;
  #failures = 0;
  #closed = false;

  constructor(options: TokenKeeperOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Resolves once they are saved, and at the latest after this time, in milliseconds. */
  async keep(tokens: SessionTokens, waitMs: number): Promise<void> {
    this.#newest = tokens;
    this.#saved = false;
    this.#failures = 0;
    await this.#within(this.#save(), waitMs);
  }

  /** Tokens that came from outside take their place, and are as good as saved, unless older ones are being saved now. */
  replace(tokens: SessionTokens): void {
    this.#newest = tokens;
    this.#saved = this.#saving === undefined;
    this.#retry?.cancel();
  }

  /** One last try, should one be due. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#save();
  }

  /** One at a time: an older token must not be written over a newer one. */
  #save(): Promise<void> {
    this.#saving ??= this.#saveNewest().finally(() => {
      this.#saving = undefined;
    });
    return this.#saving;
  }

  async #saveNewest(): Promise<void> {
    this.#retry?.cancel();
    while (!this.#saved) {
      const tokens = this.#newest as SessionTokens;
      try {
        await this.#ask(tokens);
        // They may have been replaced while they were being saved.
        if (tokens === this.#newest) this.#saved = true;
      } catch (error) {
        if (tokens !== this.#newest) continue;
        this.#tryLater(error);
        return;
      }
    }
  }

  async #ask(tokens: SessionTokens): Promise<void> {
    const { save, timeoutMs } = this.#options;
    const asked = (async () => save(tokens))().finally(() => {
      // It ends late, and newer tokens may have been saved meanwhile: they are saved again, or these would stand.
      if (tokens === this.#newest || this.#closed) return;
      this.#saved = false;
      void this.#save();
    });
    const inTime = await this.#within(asked, timeoutMs);
    if (!inTime) throw new Error(`not saved within ${timeoutMs} ms`);
  }

  #tryLater(error: unknown): void {
    const { onUnsaved, retryMs } = this.#options;
    const inMs = Math.min(retryMs * 2 ** this.#failures++, longestRetryMs);
    if (!this.#closed) {
      this.#retry = this.#clock.setTimer(inMs, () => void this.#save());
      this.#retry.unref();
    }
    onUnsaved(error, inMs);
  }

  /** Whether something ended in time. Rejects as it does. */
  #within(work: Promise<unknown>, ms: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(ms, () => resolve(false));
      const end = (): void => timer.cancel();
      work.then(() => resolve(true), reject).finally(end);
    });
  }
}
