import type { Unsubscribe } from './call.ts';

const nothing = (): void => {};

/** What a group can cancel. The group links its members through their own fields, so that joining allocates nothing. */
export interface GroupMember {
  /** Used by the group alone. */
  groupNext: GroupMember | undefined;
  groupPrevious: GroupMember | undefined;
  cancel(reason: unknown): void;
}

/**
 * Calls that can be ended together, such as those of a client that is being closed. Far cheaper than a signal for each:
 * a call that listens is a link in a list, and only while something beneath it would have to hear.
 */
export class CallGroup {
  #first: GroupMember | undefined;
  #controller: AbortController | undefined;
  #cancelled = false;
  #reason: unknown;

  /** Ends every call of the group, and any that would begin. Each rejects with the reason. The first reason stands. */
  cancel(reason: unknown): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#reason = reason;
    // One by one from the front: what is run takes others off, as a call that ends does, and they are not to be told.
    for (let member = this.#first; member !== undefined; member = this.#first) {
      this.remove(member);
      member.cancel(reason);
    }
    this.#controller?.abort(reason);
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  /** Why, once cancelled. */
  get reason(): unknown {
    return this.#reason;
  }

  /** For what can hear of it in no other way. Made when first read. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#cancelled) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Whether somebody would hear. */
  get isHeard(): boolean {
    return this.#first !== undefined;
  }

  /** Runs once when the group is cancelled, at once if it has been. */
  onCancel(run: (reason: unknown) => void): Unsubscribe {
    if (this.#cancelled) {
      run(this.#reason);
      return nothing;
    }
    const member: GroupMember = { groupNext: undefined, groupPrevious: undefined, cancel: run };
    this.add(member);
    let listens = true;
    return () => {
      if (listens) this.remove(member);
      listens = false;
    };
  }

  /** Has a member hear of a cancellation to come. It must not be in a group already. */
  add(member: GroupMember): void {
    const first = this.#first;
    member.groupNext = first;
    if (first !== undefined) first.groupPrevious = member;
    this.#first = member;
  }

  /** Takes a member off. One that has been told, or is in no group, is left as it is. */
  remove(member: GroupMember): void {
    const { groupNext: next, groupPrevious: previous } = member;
    if (previous !== undefined) previous.groupNext = next;
    else if (this.#first === member) this.#first = next;
    else return;
    if (next !== undefined) next.groupPrevious = previous;
    member.groupNext = undefined;
    member.groupPrevious = undefined;
  }
}
