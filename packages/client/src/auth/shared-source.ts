import { type Clock, ConfigError } from '@switchgear/policy';
import type { AuthenticatorContext } from './authenticator.ts';
import type { Credential } from './credential.ts';
import type { TokenSource } from './token-source.ts';

/** A token source at work, and how to end what it holds. */
export interface OpenSource {
  readonly source: TokenSource;
  close(): Promise<void>;
}

/**
 * One token source for all clients that share a credential: one refresh in flight, whichever of them needs it. Opened
 * with the first of them, by what that one lends, and closed with the last.
 */
export class SharedSource {
  readonly #origins: ReadonlySet<string> | undefined;
  readonly #make: (context: AuthenticatorContext) => OpenSource;
  #open: (OpenSource & { readonly clock: Clock }) | undefined;
  #users = 0;

  constructor(origins: ReadonlySet<string> | undefined, make: (context: AuthenticatorContext) => OpenSource) {
    this.#origins = origins;
    this.#make = make;
  }

  /** The source while a client has it open. */
  get current(): TokenSource | undefined {
    return this.#open?.source;
  }

  /** @throws ConfigError when it is open by another clock: a token that ends on one of them would live on the other. */
  open(context: AuthenticatorContext): Credential {
    const { clock } = context.runtime;
    this.#open ??= { ...this.#make(context), clock };
    if (this.#open.clock !== clock) {
      throw new ConfigError('auth', 'one clock for all clients that share a credential', 'another one');
    }
    const { source } = this.#open;
    this.#users++;
    let used = true;
    return {
      origins: this.#origins,
      get: (call) => source.get(call, context),
      renew: (refused, headers, call) => source.renew(refused, headers, call, context),
      refusedAfterRenewal: () => source.refusedAfterRenewal(),
      close: async () => {
        if (!used) return;
        used = false;
        if (--this.#users > 0) return;
        const closing = this.#open;
        this.#open = undefined;
        await closing?.close();
      },
    };
  }
}
