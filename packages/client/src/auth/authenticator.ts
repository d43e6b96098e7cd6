import type { Runtime } from '@switchgear/policy';
import type { OpenTransport } from '../transport/transport.ts';
import type { Credential } from './token-source.ts';

/** What a client lends to the credential it uses. */
export interface AuthenticatorContext {
  readonly runtime: Runtime;
  readonly openTransport: OpenTransport;
  readonly onRefresh: (generation: number, durationMs: number, error: unknown) => void;
}

/** A way to authorise requests: `bearer(…)`, `clientCredentials(…)`. */
export interface Authenticator {
  readonly kind: string;
  open(context: AuthenticatorContext): Credential;
}
