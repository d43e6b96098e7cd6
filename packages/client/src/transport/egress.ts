import { BlockList, isIP, type LookupFunction } from 'node:net';
import { socketLookup } from '../dns-lookups.ts';

/** Says whether an IP address may be connected to. Anything but `true` refuses it, and so does throwing. */
export type EgressGuard = (address: string) => boolean;

/** An address was not to be connected to. Nothing was written to it. */
export class EgressBlocked extends Error {
  override readonly name = 'EgressBlocked';
  readonly code = 'EGRESS_BLOCKED';
  readonly address: string;

  constructor(address: string) {
    super('the address is not one to connect to');
    this.address = address;
  }
}

/**
 * What is not the public internet: this machine, private and link-local networks, where a cloud's metadata answers, and
 * what is set aside. Source: the IANA special-purpose address registries for IPv4 and IPv6.
 */
const notPublic: readonly (readonly [network: string, prefix: number, family: 'ipv4' | 'ipv6'])[] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.0.2.0', 24, 'ipv4'],
  ['192.88.99.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['198.51.100.0', 24, 'ipv4'],
  ['203.0.113.0', 24, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  // Public by its number, but answers virtual machines of Azure alone, like a metadata service.
  ['168.63.129.16', 32, 'ipv4'],
  // Of IPv6 only 2000::/3 is given out at all; the rest, loopback and mapped IPv4 included, is refused as a whole.
  ['::', 3, 'ipv6'],
  ['4000::', 2, 'ipv6'],
  ['8000::', 1, 'ipv6'],
  ['2001::', 23, 'ipv6'],
  ['2001:db8::', 32, 'ipv6'],
  // 6to4 carries an IPv4 address, and that may be a private one.
  ['2002::', 16, 'ipv6'],
  ['3fff::', 20, 'ipv6'],
];

// A list each: asked about an IPv4 address, a list looks among its IPv6 networks too, and `::/3` has all mapped ones.
const blocked = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const [network, prefix, family] of notPublic) blocked[family].addSubnet(network, prefix, family);

/** Lets through public addresses alone. */
export const publicOnly: EgressGuard = (address) => {
  // A zone, as in `fe80::1%eth0`, says which link, and what has one is not public.
  switch (isIP(address)) {
    case 4:
      return !blocked.ipv4.check(address, 'ipv4');
    case 6:
      return !address.includes('%') && !blocked.ipv6.check(address, 'ipv6');
    default:
      return false;
  }
};

/** The guard that an option stands for; `undefined` when there is nothing to guard. */
export function egressGuard(said: 'any' | 'public' | EgressGuard): EgressGuard | undefined {
  if (said === 'any') return undefined;
  return said === 'public' ? publicOnly : said;
}

/** Asks a guard, whatever it does. @returns What to fail with, or `undefined` when it lets the address through. */
export function blockedBy(guard: EgressGuard, address: string | undefined): EgressBlocked | undefined {
  try {
    if (address !== undefined && guard(address) === true) return undefined;
  } catch {
    // A guard that cannot say refuses.
  }
  return new EgressBlocked(address ?? 'unknown');
}

/**
 * A look-up that leaves out what the guard refuses. What is left is what the socket connects to: between the question
 * and the connection the name is not looked up again, so there is nothing for a second answer to slip through.
 */
export function guardedLookup(guard: EgressGuard, lookup: LookupFunction = socketLookup): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, found, family) => {
      if (error !== null) return callback(error, found, family);
      if (!Array.isArray(found)) return callback(blockedBy(guard, found) ?? null, found, family);
      const open = found.filter(({ address }) => blockedBy(guard, address) === undefined);
      callback(open.length > 0 ? null : new EgressBlocked(found[0]?.address ?? 'unknown'), open);
    });
  };
}

/** The host of a connection when it is an address already, which is never looked up. */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? undefined : bare;
}
