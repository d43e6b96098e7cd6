import { lookup } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';

/** An address, and for how long it may be kept. */
export interface AddressRecord {
  readonly address: string;
  /** In seconds, as DNS has it. */
  readonly ttl: number;
}

/** Where a service is, as an SRV record says it. */
export interface ServiceRecord {
  readonly name: string;
  readonly port: number;
  /** Lower is asked first. */
  readonly priority: number;
  /** Among equals, in proportion. */
  readonly weight: number;
}

/** What can be looked up. Rejects with Node's codes, such as ENOTFOUND and ENODATA. */
export interface Lookups {
  addresses(name: string, family: 4 | 6, signal: AbortSignal): Promise<readonly AddressRecord[]>;
  services(name: string, signal: AbortSignal): Promise<readonly ServiceRecord[]>;
  /** As the operating system sees it, its hosts file included. Knows no time to live. */
  system(name: string): Promise<readonly string[]>;
}

/** One query, in milliseconds, and how often it is asked. */
const queryTimeoutMs = 1_000;
const tries = 2;

/** DNS itself, in a resolver per question, so that taking one back takes back no other. */
async function ask<T>(signal: AbortSignal, question: (resolver: Resolver) => Promise<T>): Promise<T> {
  const resolver = new Resolver({ timeout: queryTimeoutMs, tries });
  const cancel = (): void => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await question(resolver);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** DNS by way of Node. */
export const systemLookups: Lookups = {
  addresses: (name, family, signal) =>
    ask(signal, (resolver) =>
      family === 4 ? resolver.resolve4(name, { ttl: true }) : resolver.resolve6(name, { ttl: true }),
    ),
  services: (name, signal) => ask(signal, (resolver) => resolver.resolveSrv(name)),
  system: (name) =>
    new Promise((resolve, reject) => {
      lookup(name, { all: true }, (error, found) => {
        if (error === null) resolve(found.map(({ address }) => address));
        else reject(error);
      });
    }),
};

/** What a socket looks its host up with, when nobody says otherwise. */
export const socketLookup: LookupFunction = lookup;
