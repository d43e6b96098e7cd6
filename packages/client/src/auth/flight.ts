import { type Call, type Clock, SwitchgearError, type Timer } from '@switchgear/policy';

/**
 * One request for a token, and those who wait for it. Each waits as long as its own call lasts. It is made for all of
 * them, and goes on when one of them leaves.
 */
export class Flight<T> {
  /** Its end, for whoever does not wait for it as part of a call. */
  readonly result: Promise<T>;
  readonly #clock: Clock;
  readonly #longestMs: number;
  readonly #whenAllAborted: ((reason: unknown) => void) | undefined;
  #waiting = 0;
  #hold: Timer | undefined;

  /**
   * @param longestMs It is over by then, whatever happens.
   * @param whenAllAborted Called when the last who waits is called back by its own caller: nobody wants it any more.
   * Not when the last one's time is up, for that one comes back.
   */
  constructor(
    result: Promise<T>,
    clock: Clock,
    longestMs: number,
    whenAllAborted: ((reason: unknown) => void) | undefined,
  ) {
    this.result = result;
    // It may fail with nobody waiting.
    result.catch(() => {});
    this.#clock = clock;
    this.#longestMs = longestMs;
    this.#whenAllAborted = whenAllAborted;
  }

  join(call: Call): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let waits = true;
      const end = (): boolean => {
        if (!waits) return false;
        waits = false;
        this.#leave();
        return true;
      };
      this.#enter();
      const forget = call.onCancel((reason) => {
        if (!end()) return;
        reject(reason);
        // A timeout and a deadline have errors of their own; anything else is a caller's reason.
        if (this.#waiting === 0 && !(reason instanceof SwitchgearError)) this.#whenAllAborted?.(reason);
      });
      this.result.then(
        (value) => {
          forget();
          if (end()) resolve(value);
        },
        (error) => {
          forget();
          if (end()) reject(error);
        },
      );
    });
  }

  #enter(): void {
    this.#waiting++;
    // Someone's function may hold nothing that keeps the process alive. While a call waits for it, this does: or the
    // process would end in the middle of that call, silently, with exit code 13.
    this.#hold ??= this.#clock.setTimer(this.#longestMs, () => {});
  }

  #leave(): void {
    this.#waiting--;
    if (this.#waiting > 0) return;
    this.#hold?.cancel();
    this.#hold = undefined;
  }
}
