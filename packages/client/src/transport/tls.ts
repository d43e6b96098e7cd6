import { createSecureContext, type SecureContext } from 'node:tls';
import { ConfigError } from '@switchgear/policy';
import { type Check, readOptions, secret, text } from '@switchgear/policy/options';

type Pem = string | Uint8Array;

export interface TlsOptions {
  /** The authorities that the server's certificate may come from, in PEM, instead of those of Node. @default Node's own */
  readonly ca?: Pem | readonly Pem[];
  /** The certificate this client shows when it is asked for one, in PEM, with those between it and its authority. @default none */
  readonly cert?: Pem;
  /** The private key of `cert`, in PEM. @default none */
  readonly key?: Pem;
  /** What the key is encrypted with. @default none */
  readonly passphrase?: string;
  /** The name that the server's certificate must have, and that the server is told. @default the host of the base URL */
  readonly servername?: string;
}

/**
 * Certificates as they are, or a function that gets them. It is asked for each new connection, so that certificates
 * change without a restart; keep it quick, and give back the same object while nothing has changed.
 */
export type TlsSource = TlsOptions | (() => TlsOptions | Promise<TlsOptions>);

/** What a connection is made with. */
export interface TlsIdentity {
  readonly secureContext: SecureContext;
  readonly servername: string | undefined;
}

/** Gives what the next connection is made with: the same object while nothing has changed. */
export type TlsProvider = () => TlsIdentity | Promise<TlsIdentity>;

/** The certificates of a connection could not be had. */
export class TlsMaterialFailed extends Error {
  override readonly name = 'TlsMaterialFailed';
  readonly code = 'ERR_TLS_MATERIAL';
}

/** An option that takes certificates, or a function. */
export const tlsSource: Check<TlsSource> = {
  expected: 'an object of certificates, or a function that gets one',
  ok: (value): value is TlsSource => typeof value === 'function' || (typeof value === 'object' && value !== null),
};

/**
 * Reads certificates once, and a function's whenever it gives others.
 * @param onFailure Hears that new ones could not be had or are no good. Connections go on with the ones before, for a
 * file may just be half written; without any before, there is no connection.
 * @throws ConfigError if they are no good.
 */
export function tlsProvider(
  path: string,
  given: TlsSource,
  onFailure: (error: unknown) => void = () => {},
): TlsProvider {
  if (typeof given !== 'function') {
    const identity = identityOf(path, given);
    return () => identity;
  }
  let last: { readonly options: TlsOptions; readonly identity: TlsIdentity } | undefined;
  const read = (options: TlsOptions): TlsIdentity => {
    if (last === undefined || options !== last.options) last = { options, identity: identityOf(path, options) };
    return last.identity;
  };
  const insteadOf = (error: unknown): TlsIdentity => {
    onFailure(error);
    if (last !== undefined) return last.identity;
    throw new TlsMaterialFailed('there are no certificates to connect with', { cause: error });
  };
  return () => {
    try {
      const options = given();
      return options instanceof Promise ? options.then(read).catch(insteadOf) : read(options);
    } catch (error) {
      return insteadOf(error);
    }
  };
}

const isPem = (value: unknown): value is Pem =>
  (typeof value === 'string' && value !== '') || (value instanceof Uint8Array && value.length > 0);

const pem: Check<Pem> = { expected: 'PEM, as text or bytes', ok: isPem };

const pems: Check<Pem | readonly Pem[]> = {
  expected: 'PEM, as text or bytes, or a list of it',
  ok: (value): value is Pem | readonly Pem[] =>
    isPem(value) || (Array.isArray(value) && value.length > 0 && value.every(isPem)),
};

function identityOf(path: string, given: TlsOptions): TlsIdentity {
  const { ca, cert, key, passphrase, servername } = readOptions(
    path,
    given,
    { ca: secret(pems), cert: secret(pem), key: secret(pem), passphrase: secret(text), servername: text },
    {},
  );
  if ((cert === undefined) !== (key === undefined)) {
    throw new ConfigError(path, 'cert and key together', cert === undefined ? 'key alone' : 'cert alone');
  }
  try {
    const secureContext = createSecureContext({
      minVersion: 'TLSv1.2',
      ...(ca === undefined
        ? {}
        : { ca: typeof ca === 'string' || ca instanceof Uint8Array ? bytes(ca) : ca.map(bytes) }),
      ...(cert === undefined || key === undefined ? {} : { cert: bytes(cert), key: bytes(key) }),
      ...(passphrase === undefined ? {} : { passphrase }),
    });
    return { secureContext, servername };
  } catch (error) {
    // Its code says what is wrong, and shows nothing of what was given.
    const code = (error as { code?: unknown }).code;
    throw new ConfigError(
      path,
      'certificates and a key that belong together',
      typeof code === 'string' ? code : 'others',
    );
  }
}

function bytes(given: Pem): string | Buffer {
  return typeof given === 'string' ? given : Buffer.from(given);
}
