/** A place in the queue: what to give back to leave it. */
export interface QueueEntry<T> {
  readonly value: T;
}

interface Node<T> extends QueueEntry<T> {
  previous: Node<T> | undefined;
  next: Node<T> | undefined;
  /** False once it has left, so that leaving twice changes nothing. */
  queued: boolean;
}

/**
 * First in, first out, and anyone may step out of the middle: every operation is O(1), so that a thousand callers who
 * leave at once cost a thousand steps, not a million.
 */
export class WaiterQueue<T> {
  #first: Node<T> | undefined;
  #last: Node<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Joins at the end. */
  push(value: T): QueueEntry<T> {
    const node: Node<T> = { value, previous: this.#last, next: undefined, queued: true };
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
    this.#size++;
    return node;
  }

  /** The one who has waited longest, who stays where they are. */
  get first(): T | undefined {
    return this.#first?.value;
  }

  /** Takes the one who has waited longest. */
  shift(): T | undefined {
    const node = this.#first;
    if (node === undefined) return undefined;
    this.#unlink(node);
    return node.value;
  }

  /** Takes one out of the middle. Whether it was still in this queue; the entry must be one that `push` gave. */
  remove(entry: QueueEntry<T>): boolean {
    const node = entry as Node<T>;
    if (!node.queued) return false;
    this.#unlink(node);
    return true;
  }

  #unlink(node: Node<T>): void {
    if (node.previous === undefined) this.#first = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.#last = node.previous;
    else node.next.previous = node.previous;
    // Whoever keeps an entry must not keep its former neighbours alive with it.
    node.previous = undefined;
    node.next = undefined;
    node.queued = false;
    this.#size--;
  }
}
