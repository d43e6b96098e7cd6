import { ConfigError } from '@switchgear/policy';
import { originKey } from '../hosts/origin-key.ts';

/** Origins that are remembered: more of them than any client has hosts. */
const mostKnown = 1_024;

/**
 * Who is told the baggage of a request. It holds what callers have put there, about whomever; so nobody is unless named:
 * by origin (`https://users.internal:8443`), by host (`users.internal`, any port), or by what hosts end in (`*.internal`).
 */
export class BaggageRecipients {
  readonly #origins = new Set<string>();
  readonly #hosts = new Set<string>();
  readonly #endings: string[] = [];
  readonly #known = new Map<string, boolean>();

  /** @throws ConfigError with the given path, at the first that is none of these. */
  constructor(path: string, allowed: readonly string[]) {
    for (const [i, given] of allowed.entries()) if (!this.#allow(given)) throw wrong(`${path}.${i}`, given);
  }

  /** @param origin Scheme, host and port. */
  has(origin: string): boolean {
    if (this.#origins.size === 0 && this.#hosts.size === 0 && this.#endings.length === 0) return false;
    const known = this.#known.get(origin);
    if (known !== undefined) return known;
    if (this.#known.size >= mostKnown) this.#known.clear();
    const found = this.#find(origin);
    this.#known.set(origin, found);
    return found;
  }

  #allow(given: unknown): boolean {
    if (typeof given !== 'string') return false;
    if (given.includes('://')) {
      const url = URL.parse(given);
      if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return false;
      if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') return false;
      this.#origins.add(originKey(url));
      return true;
    }
    const name = given.startsWith('*.') ? given.slice(2) : given;
    // What a URL makes of it is how it will be met; what a URL changes was no name of a host.
    const host = URL.parse(`http://${name}/`)?.hostname;
    if (host === undefined || host !== name.toLowerCase() || host.includes('*')) return false;
    if (name === given) this.#hosts.add(host);
    else this.#endings.push(`.${host}`);
    return true;
  }

  #find(origin: string): boolean {
    const key = originKey(origin);
    const { hostname } = new URL(key);
    return (
      this.#origins.has(key) || this.#hosts.has(hostname) || this.#endings.some((ending) => hostname.endsWith(ending))
    );
  }
}

function wrong(path: string, given: unknown): ConfigError {
  return new ConfigError(path, "an origin, a host, or '*.' and what hosts end in", given);
}
