import { createHmac } from 'node:crypto';
import type { Clock } from '@switchgear/policy';
import type { Check } from '@switchgear/policy/options';
import { AuthenticationError } from '../errors.ts';
import { newId } from '../request/ids.ts';
import { contentDigest, type DigestAlgorithm } from './content-digest.ts';
import type { Grant, UnauthorisedRequest } from './credential.ts';
import { quoted, signatureBase } from './signature-base.ts';
import type { Obtained } from './token-source.ts';

/** A key to sign with, and the name by which the other side knows it. */
export interface HmacKey {
  readonly keyId: string;
  /** Text is taken as UTF-8. */
  readonly secret: string | Uint8Array;
  /** Milliseconds from when it was asked for; left out when it does not end. */
  readonly expiresInMs?: number | undefined;
}

/** The name of a key, or a tag. */
export const printable: Check<string> = {
  expected: 'printable ASCII that is not empty',
  ok: (value): value is string => typeof value === 'string' && value !== '' && quoted(value) !== undefined,
};

/** What a key is made of. */
export const keyMaterial: Check<string | Uint8Array> = {
  expected: 'text or bytes that are not empty',
  ok: (value): value is string | Uint8Array =>
    (typeof value === 'string' || value instanceof Uint8Array) && value.length > 0,
};

/** How signatures are made, whatever the key. */
export interface Signing {
  readonly components: readonly string[];
  readonly digest: DigestAlgorithm;
  readonly label: string;
  readonly tag: string | undefined;
  readonly validMs: number | undefined;
  readonly nonce: boolean;
  readonly clock: Clock;
}

/** A key in use. */
export class SigningKey implements Grant {
  readonly generation: number;
  readonly #key: HmacKey;
  readonly #signing: Signing;

  constructor(key: HmacKey, generation: number, signing: Signing) {
    this.generation = generation;
    this.#key = key;
    this.#signing = signing;
  }

  authorise(request: UnauthorisedRequest): readonly string[] {
    const { components, digest, label, tag, validMs, nonce, clock } = this.#signing;
    const { body } = request;
    const added: string[] = [];
    // The digest of a stream is known when it has been sent, and that is too late for a header.
    if (body instanceof Uint8Array) added.push('content-digest', contentDigest(body, digest));
    const created = Math.floor(clock.wallNow() / 1000);
    const { base, input } = signatureBase({ ...request, headers: [...request.headers, ...added] }, components, {
      created,
      expires: validMs === undefined ? undefined : created + Math.ceil(validMs / 1000),
      nonce: nonce ? newId() : undefined,
      alg: 'hmac-sha256',
      keyid: this.#key.keyId,
      tag,
    });
    // Headers go out as Latin-1, so that is what is signed.
    const signature = createHmac('sha256', this.#key.secret).update(base, 'latin1').digest('base64');
    added.push('signature-input', `${label}=${input}`, 'signature', `${label}=:${signature}:`);
    return added;
  }
}

/** A key as a token source keeps it. */
export function obtainedKey(key: HmacKey, signing: Signing): Obtained {
  const { keyId, secret: material, expiresInMs } = key ?? {};
  if (!printable.ok(keyId) || !keyMaterial.ok(material)) {
    throw new AuthenticationError('the key is not one to sign with', {}, 'unusable-token');
  }
  return {
    id: `${keyId}\n${Buffer.from(material).toString('base64')}`,
    expiresInMs,
    grant: (generation) => new SigningKey({ keyId, secret: material }, generation, signing),
  };
}
