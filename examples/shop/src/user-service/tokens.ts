import { createHash, createSecretKey, type KeyObject, randomUUID, timingSafeEqual } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { type ServiceClock, systemClock } from '../service/clock.ts';

/** Who signs and who accepts: this service does both, so one secret and one name are enough. */
const ISSUER = 'user-service';
const AUDIENCE = 'user-service';
const ALGORITHM = 'HS256';
/** RFC 9068: says that this is an access token, so that no other JWT signed with the key can pass for one. */
const TYPE = 'at+jwt';

export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface TokenOptions extends ClientCredentials {
  /** At least 32 bytes. */
  readonly signingSecret: string;
  readonly ttlSeconds: number;
  readonly clock?: ServiceClock;
}

export type Verification =
  | { readonly valid: true; readonly clientId: string }
  /** `description` may be shown to the caller. */
  | { readonly valid: false; readonly description: string };

/** Issues and checks the short-lived access tokens of the one client that is known. */
export class Tokens {
  readonly ttlSeconds: number;
  readonly #clientId: string;
  readonly #clientIdDigest: Buffer;
  readonly #clientSecretDigest: Buffer;
  readonly #key: KeyObject;
  readonly #clock: ServiceClock;

  constructor(options: TokenOptions) {
    this.ttlSeconds = options.ttlSeconds;
    this.#clientId = options.clientId;
    this.#clientIdDigest = digest(options.clientId);
    this.#clientSecretDigest = digest(options.clientSecret);
    this.#key = createSecretKey(Buffer.from(options.signingSecret));
    this.#clock = options.clock ?? systemClock;
  }

  /** A signed token, or undefined when the credentials are not the client's. */
  async issue({ clientId, clientSecret }: ClientCredentials): Promise<string | undefined> {
    // Digests have one length and both are always compared, so time tells neither which part was wrong nor how much.
    const idMatches = timingSafeEqual(digest(clientId), this.#clientIdDigest);
    const secretMatches = timingSafeEqual(digest(clientSecret), this.#clientSecretDigest);
    if (!(idMatches && secretMatches)) return undefined;
    const nowSeconds = Math.floor(this.#clock.wallNow() / 1_000);
    return new SignJWT()
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(this.#clientId)
      .setIssuedAt(nowSeconds)
      .setExpirationTime(nowSeconds + this.ttlSeconds)
      .setJti(randomUUID())
      .sign(this.#key);
  }

  async verify(token: string): Promise<Verification> {
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: [ALGORITHM],
        typ: TYPE,
        issuer: ISSUER,
        audience: AUDIENCE,
        subject: this.#clientId,
        requiredClaims: ['exp', 'iat'],
        currentDate: new Date(this.#clock.wallNow()),
      });
      return { valid: true, clientId: payload.sub ?? this.#clientId };
    } catch (error) {
      if (error instanceof errors.JWTExpired) return { valid: false, description: 'the token has expired' };
      if (error instanceof errors.JOSEError) return { valid: false, description: 'the token is not valid' };
      throw error;
    }
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
