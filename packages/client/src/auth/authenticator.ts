import type { Runtime } from '@switchgear/policy';
import type { AuthenticationError } from '../errors.ts';
import type { OpenTransport } from '../transport/transport.ts';
import type { Credential } from './credential.ts';

/** What a client lends to the credential it uses. */
export interface AuthenticatorContext {
  readonly runtime: Runtime;
  readonly openTransport: OpenTransport;
  /** Hears of a token that was asked for because of this client. */
  readonly onRefresh: (generation: number, durationMs: number, error: unknown) => void;
  /** Hears that there are no credentials any more, when a call of this client found that out. */
  readonly onLost: (error: AuthenticationError) => void;
  /** Hears that rotated tokens could not be handed to whoever keeps them. */
  readonly onUnsaved: (error: unknown, retryInMs: number) => void;
}

/** A way to authorise requests: `bearer(…)`, `clientCredentials(…)`, `refreshToken(…)`, `hmac(…)`. */
export interface Authenticator {
  readonly kind: string;
  /** The headers it sets, in lower case: no caller may set them. @default `authorization` */
  readonly headers?: readonly string[];
  open(context: AuthenticatorContext): Credential;
}
