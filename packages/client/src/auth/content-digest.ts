import { createHash } from 'node:crypto';

/** The digests that RFC 9530 has for new uses. */
export type DigestAlgorithm = 'sha-256' | 'sha-512';

/** The value of a `Content-Digest` header. Source: RFC 9530, section 2. */
export function contentDigest(body: Uint8Array, algorithm: DigestAlgorithm): string {
  const digest = createHash(algorithm.replace('-', '')).update(body).digest('base64');
  return `${algorithm}=:${digest}:`;
}
