import { type Clock, ConfigError } from '@switchgear/policy';
import { type Check, callable, flag, milliseconds, oneOf, readOptions, secret } from '@switchgear/policy/options';
import type { AuthenticationError } from '../errors.ts';
import { tell } from './auth-loss.ts';
import type { Authenticator } from './authenticator.ts';
import type { DigestAlgorithm } from './content-digest.ts';
import { originList, originSet } from './origins.ts';
import { SharedSource } from './shared-source.ts';
import { isComponent } from './signature-base.ts';
import { type HmacKey, keyMaterial, obtainedKey, printable, type Signing, SigningKey } from './signing-key.ts';
import { type Obtained, TokenSource } from './token-source.ts';

export type { HmacKey } from './signing-key.ts';

export interface HmacOptions {
  /** The name by which the other side knows the key: printable ASCII. @default none */
  readonly keyId?: string;
  /** The key. Text is taken as UTF-8. @default none */
  readonly secret?: string | Uint8Array;
  /**
   * Gets key and name, instead of `keyId` and `secret`: once for all requests, ahead of its end, and again after a 401,
   * so that keys change without a restart. @default none
   */
  readonly key?: () => Promise<HmacKey>;
  /**
   * What is signed: parts of the request such as `@method`, and headers in lower case. A header that a request does not
   * have is left out. @default @method, @authority, @path, @query, content-type, content-digest, idempotency-key
   */
  readonly components?: readonly string[];
  /** How the body is digested for `Content-Digest`. @default 'sha-256' */
  readonly digest?: DigestAlgorithm;
  /** The name of the signature among others on a request: a lower-case letter, then letters, digits, `_`, `-`. @default 'sig1' */
  readonly label?: string;
  /** Says what the signature is for, to a server that takes several kinds. @default none */
  readonly tag?: string;
  /** How long the signature says it is good for, in milliseconds, in whole seconds; left out, the server decides. @default none */
  readonly validMs?: number;
  /** Adds a nonce from crypto, new for each attempt, by which a server can refuse a request that is played to it again. @default true */
  readonly nonce?: boolean;
  /** How long `key` may take, in milliseconds. @default 2_000 */
  readonly timeoutMs?: number;
  /** After `key` failed, how long calls fail with that instead of asking again, in milliseconds. @default 250 */
  readonly coolDownMs?: number;
  /** Where signed requests may go: scheme, host and port. @default wherever the clients that share it send requests */
  readonly origins?: readonly string[];
  /** Told once when `key` threw an AuthenticationError; told again only if there was a key in between. @default none */
  readonly onAuthLost?: (error: AuthenticationError) => void;
}

/** What `hmac()` takes when it is told nothing. */
export const hmacDefaults: Required<Pick<HmacOptions, 'digest' | 'label' | 'nonce' | 'timeoutMs' | 'coolDownMs'>> = {
  digest: 'sha-256',
  label: 'sig1',
  nonce: true,
  timeoutMs: 2_000,
  coolDownMs: 250,
};

const covered: readonly string[] = [
  '@method',
  '@authority',
  '@path',
  '@query',
  'content-type',
  'content-digest',
  'idempotency-key',
];

/** Set by the transport, or by the signature itself: not there yet when it is made. */
const notYetThere: ReadonlySet<string> = new Set(['host', 'content-length', 'signature', 'signature-input']);

const componentList: Check<readonly string[]> = {
  expected:
    'a list of header names in lower case and of @method, @target-uri, @authority, @scheme, @request-target, @path, @query, each once; no host, content-length or signature',
  ok: (value): value is readonly string[] =>
    Array.isArray(value) &&
    value.length > 0 &&
    new Set(value).size === value.length &&
    value.every((each) => typeof each === 'string' && isComponent(each) && !notYetThere.has(each)),
};

const labelText: Check<string> = {
  expected: 'a lower-case letter, then lower-case letters, digits, _ and -',
  ok: (value): value is string => typeof value === 'string' && /^[a-z*][a-z0-9_\-.*]*$/.test(value),
};

/**
 * Signs each attempt with a shared secret, when nothing else about it changes any more, and adds `Content-Digest`,
 * `Signature-Input` and `Signature`. A 401 stands, since the same key would sign the same way again, unless `key` gives
 * another one: so a clock that is wrong is not retried for ever.
 * Sources: RFC 9421 with `hmac-sha256` (section 3.3.3), RFC 9530.
 * @throws ConfigError if an option is missing or not what it should be.
 */
export function hmac(options: HmacOptions): Authenticator {
  const read = readOptions(
    'hmac',
    options,
    {
      keyId: printable,
      secret: secret(keyMaterial),
      key: callable<() => Promise<HmacKey>>(),
      components: componentList,
      digest: oneOf('sha-256', 'sha-512'),
      label: labelText,
      tag: printable,
      validMs: milliseconds(),
      nonce: flag,
      timeoutMs: milliseconds(),
      coolDownMs: milliseconds(),
      origins: originList,
      onAuthLost: callable<(error: AuthenticationError) => void>(),
    },
    hmacDefaults,
  );
  const { keyId, key, digest, label, tag, validMs, nonce, timeoutMs, coolDownMs, onAuthLost } = read;
  const origins = originSet('hmac.origins', read.origins);
  const given = [keyId, read.secret].filter((each) => each !== undefined).length;
  if (given !== (key === undefined ? 2 : 0)) {
    throw new ConfigError('hmac', 'keyId and secret together, or key', 'something else');
  }
  const signingOn = (clock: Clock): Signing => {
    const components = [...(read.components ?? covered)];
    return { components, digest, label, tag, validMs, nonce, clock };
  };
  const headers = ['content-digest', 'signature-input', 'signature'];

  if (key === undefined) {
    const fixed: HmacKey = { keyId: keyId as string, secret: read.secret as string | Uint8Array };
    return {
      kind: 'hmac',
      headers,
      open({ runtime }) {
        const grant = new SigningKey(fixed, 1, signingOn(runtime.clock));
        const close = async (): Promise<void> => {};
        return { origins, get: () => grant, renew: () => undefined, refusedAfterRenewal() {}, close };
      },
    };
  }
  const shared = new SharedSource(origins, ({ runtime }) => {
    const signing = signingOn(runtime.clock);
    const obtain = async (): Promise<Obtained> => obtainedKey(await key(), signing);
    const onLost = (error: AuthenticationError): void => tell(onAuthLost, error);
    const source = new TokenSource({ obtain, timeoutMs, coolDownMs, onLost }, runtime);
    return { source, close: async () => {} };
  });
  return { kind: 'hmac', headers, open: (context) => shared.open(context) };
}
