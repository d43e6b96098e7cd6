import type { Operation, Policy } from '@switchgear/policy';
import { type AttemptTools, attempt, type Sending } from '../attempt/attempt.ts';
import type { Reader } from '../response/read-answer.ts';
import type { Hosts, Tried } from './hosts.ts';

/** What attempts have in common wherever they go; each goes to an origin of its own. */
export type SharedTools = Omit<AttemptTools, 'transport'>;

/** The attempts of an operation whose service has several hosts. */
export class SpreadAttempts {
  readonly #hosts: Hosts;
  readonly #timeout: Policy;
  readonly #tools: SharedTools;

  /** @param timeout The attempt timeout, which covers the choice of a host as well where that takes time. */
  constructor(hosts: Hosts, timeout: Policy, tools: SharedTools) {
    this.#hosts = hosts;
    this.#timeout = timeout;
    this.#tools = tools;
  }

  get reader(): Reader {
    return this.#tools.reader;
  }

  /** The attempts of one call: each knows where those before it went. */
  of(sending: Sending): Operation<unknown> {
    const tried: Tried = [];
    return (call) =>
      this.#hosts.send(tried, call, this.#timeout, ({ transport, origin }, inner) =>
        attempt(sending, { ...this.#tools, transport, origin }, inner),
      );
  }
}
