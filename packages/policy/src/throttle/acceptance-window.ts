import { Ewma } from '../stats/ewma.ts';

/** Accepted calls that the usual time to an answer is learnt from, roughly. */
const remembered = 100;
/** An unanswered call is overdue after this many times the usual time. */
const patience = 2;

interface Bucket {
  sent: number;
  accepted: number;
  unanswered: number;
}

/**
 * Calls sent within the last `windowMs`, and how many of them the other side accepted. A call counts in the bucket in
 * which it was sent, and so does its answer: never more are accepted than were sent, and an answer that comes when its
 * call has left the window changes nothing.
 *
 * A call counts before it is answered, since a target that hangs would otherwise go unnoticed until the timeouts begin.
 * But it counts only once it is overdue: when it has been under way for a bucket, and for twice as long as accepted
 * calls usually are. Otherwise each sudden rise in calls, and each slow answer, would look like the beginning of an
 * outage. While nothing was ever accepted, nothing is overdue.
 */
export class AcceptanceWindow {
  /** Accepted calls in the window, as of the latest `advance`. */
  accepts = 0;
  readonly #bucketMs: number;
  readonly #buckets: readonly Bucket[];
  /** How long accepted calls were under way, in buckets. */
  readonly #usual = new Ewma(remembered);
  /** The newest buckets whose unanswered calls are not overdue: all of them until something was accepted. */
  #patient: number;
  #sent = 0;
  /** Which stretch of time the newest bucket stands for, counted in buckets since the clock's zero. */
  #newest: number;

  /** @param now Monotonic milliseconds at the beginning. @param buckets A whole number, at least 2. */
  constructor(windowMs: number, now: number, buckets = 10) {
    this.#bucketMs = windowMs / buckets;
    this.#buckets = Array.from({ length: buckets }, () => ({ sent: 0, accepted: 0, unanswered: 0 }));
    this.#patient = buckets;
    this.#newest = Math.floor(now / this.#bucketMs);
  }

  /** Calls in the window that were answered, or should have been by now. */
  get requests(): number {
    let requests = this.#sent;
    for (let back = 0; back < this.#patient; back++) requests -= this.#bucketOf(this.#newest - back).unanswered;
    return requests;
  }

  /** Lets what is too old leave the window. A reader asks for this first, because no timer does. */
  advance(now: number): void {
    const newest = Math.floor(now / this.#bucketMs);
    if (newest <= this.#newest) return;
    for (let stretch = Math.max(this.#newest, newest - this.#buckets.length) + 1; stretch <= newest; stretch++) {
      const bucket = this.#bucketOf(stretch);
      this.#sent -= bucket.sent;
      this.accepts -= bucket.accepted;
      bucket.sent = 0;
      bucket.accepted = 0;
      bucket.unanswered = 0;
    }
    this.#newest = newest;
  }

  /** A call is sent, at the time of the latest `advance`. Answers the stretch of time it counts in. */
  sent(): number {
    const bucket = this.#bucketOf(this.#newest);
    bucket.sent++;
    bucket.unanswered++;
    this.#sent++;
    return this.#newest;
  }

  /** The other side did what a call of the given stretch asked for. How long that took, only the present can tell. */
  accepted(stretch: number, now: number): void {
    this.advance(now);
    const { length } = this.#buckets;
    const usual = this.#usual.add(Math.min(this.#newest - stretch, length));
    // The newest bucket besides: it may have begun just now, and then those before it are as young.
    this.#patient = Math.min(1 + Math.max(1, Math.ceil(patience * usual)), length);
    const bucket = this.#answered(stretch);
    if (bucket === undefined) return;
    bucket.accepted++;
    this.accepts++;
  }

  /** It did not. */
  notAccepted(stretch: number): void {
    this.#answered(stretch);
  }

  /** The call said nothing about the other side: it counts as never sent. */
  takenBack(stretch: number): void {
    const bucket = this.#answered(stretch);
    if (bucket === undefined) return;
    bucket.sent--;
    this.#sent--;
  }

  /** The bucket of a call that has been answered; `undefined` when it has left the window. */
  #answered(stretch: number): Bucket | undefined {
    if (stretch <= this.#newest - this.#buckets.length) return undefined;
    const bucket = this.#bucketOf(stretch);
    bucket.unanswered--;
    return bucket;
  }

  #bucketOf(stretch: number): Bucket {
    const { length } = this.#buckets;
    // The clock may be nearer to its zero than a window is long.
    return this.#buckets[((stretch % length) + length) % length] as Bucket;
  }
}
