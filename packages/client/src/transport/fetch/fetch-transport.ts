import { type Call, ConfigError } from '@switchgear/policy';
import type {
  OpenTransport,
  Transport,
  TransportOptions,
  WireRequest,
  WireResponse,
  WireStream,
} from '../transport.ts';
import { FetchExchange, type FetchLike, type FetchTools } from './fetch-exchange.ts';
import { Places } from './places.ts';

/**
 * A transport over `fetch`, for where undici is not: Bun, Deno, the edge.
 *
 * It cannot know whether a request has left, so after any failure that is no answer `sent` is `maybe`: a POST without a
 * key is never sent again. It cannot bound how long a connection takes to be made by itself (the attempt timeout covers
 * it), nor the head of an answer, nor choose addresses, certificates or HTTP/2; asked to, it refuses. Bodies come unpacked,
 * and their limit is on what comes out.
 * @param given What sends. @default globalThis.fetch
 */
export function fetchTransport(given?: FetchLike): OpenTransport {
  if (given !== undefined && typeof given !== 'function') throw new ConfigError('fetchTransport', 'a function', given);
  return Object.assign((options: TransportOptions): Transport => new FetchTransport(options, given), {
    capabilities: { sentState: 'unknown', connectTimeout: false, headerLimit: false } as const,
  });
}

class FetchTransport implements Transport {
  readonly #tools: FetchTools;
  readonly #places: Places;
  readonly #under = new Set<FetchExchange>();

  constructor(options: TransportOptions, given: FetchLike | undefined) {
    refuse('address', options.address !== undefined, 'the address that a name leads to');
    refuse('egress', options.egress !== undefined, 'the addresses that may be connected to');
    refuse('tls', options.tls !== undefined, 'certificates');
    refuse('allowH2', options.allowH2, 'the version of HTTP');
    const { origin, connections, maxBodyBytes } = options;
    this.#places = new Places(connections);
    this.#tools = {
      // Looked up for each request, so that what replaces it later, in a test or by an agent, is used.
      fetch: given ?? ((url, init) => fetch(url, init)),
      origin,
      places: this.#places,
      maxBodyBytes,
    };
  }

  send(request: WireRequest, call: Call): Promise<WireResponse> {
    return this.#begin(request, call).whole();
  }

  stream(request: WireRequest, call: Call): Promise<WireStream> {
    return this.#begin(request, call).stream();
  }

  close(): Promise<void> {
    return this.#places.empty();
  }

  async destroy(): Promise<void> {
    for (const exchange of this.#under) exchange.leave(new Error('the transport was destroyed'));
    await this.#places.empty();
  }

  #begin(request: WireRequest, call: Call): FetchExchange {
    const exchange = new FetchExchange(request, call, this.#tools, (ended) => this.#under.delete(ended));
    this.#under.add(exchange);
    return exchange;
  }
}

function refuse(option: string, isAsked: boolean, what: string): void {
  if (isAsked) throw new ConfigError(`fetchTransport.${option}`, `nothing: fetch does not choose ${what}`, 'a setting');
}
