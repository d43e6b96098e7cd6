import type { IncomingHeaders } from './incoming.ts';

/** The header that carries the time left, in whole milliseconds. Relative, so that no two clocks need agree. */
export const defaultDeadlineHeader = 'x-request-deadline-ms';

/** How a header says how long somebody waits. */
interface DeadlineForm {
  /** Milliseconds; `undefined` for what is not of this form, or says that nobody's patience is limited. */
  read(text: string): number | undefined;
  write(leftMs: number): string;
}

/** Whole milliseconds. Less than none: it has been over for that long. */
const plain: DeadlineForm = {
  read: (text) => (/^-?\d{1,9}$/.test(text) ? Number(text) : undefined),
  write: (leftMs) => String(Math.min(leftMs, 999_999_999)),
};

/** gRPC over HTTP/2, "Requests": up to eight digits and a unit. */
const grpc: DeadlineForm = {
  read(text) {
    const unitMs = /^\d{1,8}[HMSmun]$/.test(text) ? grpcUnitsMs[text.at(-1) as string] : undefined;
    return unitMs === undefined ? undefined : Number(text.slice(0, -1)) * unitMs;
  },
  write: (leftMs) => (leftMs < 100_000_000 ? `${leftMs}m` : `${Math.min(Math.floor(leftMs / 1_000), 99_999_999)}S`),
};

const grpcUnitsMs: Readonly<Record<string, number>> = Object.assign(Object.create(null), {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 0.001,
  n: 0.000_001,
});

/** The Connect protocol, "Unary-Request": up to ten digits. */
const connect: DeadlineForm = {
  read: (text) => (/^\d{1,10}$/.test(text) ? Number(text) : undefined),
  write: (leftMs) => String(Math.min(leftMs, 9_999_999_999)),
};

/** Envoy takes 0 for no limit at all, so none is ever read out of it or written into it. */
const envoy: DeadlineForm = {
  read: (text) => (/^\d{1,10}$/.test(text) && Number(text) > 0 ? Number(text) : undefined),
  write: (leftMs) => String(Math.max(1, Math.min(leftMs, 9_999_999_999))),
};

/** Headers whose form is not ours to choose. */
const knownForms: ReadonlyMap<string, DeadlineForm> = new Map([
  ['grpc-timeout', grpc],
  ['connect-timeout-ms', connect],
  ['x-envoy-expected-rq-timeout-ms', envoy],
  ['x-envoy-upstream-rq-timeout-ms', envoy],
]);

/** What may be kept back of a time at most. */
const mostKeptRatio = 0.1;

/** Of these every request may bring one, whatever our own is called. */
const alwaysRead: readonly string[] = ['grpc-timeout', 'connect-timeout-ms', 'x-envoy-expected-rq-timeout-ms'];

/** The header in which deadlines are passed on, in its own form. */
export class DeadlineHeader {
  /** In lower case. */
  readonly name: string;
  readonly #form: DeadlineForm;
  readonly #marginMs: number;

  /** @param marginMs What is kept back, in milliseconds above 0, for the way there and back. */
  constructor(name: string, marginMs: number) {
    this.name = name.toLowerCase();
    this.#form = knownForms.get(this.name) ?? plain;
    this.#marginMs = marginMs;
  }

  /** What is said of so many milliseconds: fewer, never fewer than none. `undefined` where there is no end. */
  valueFor(leftMs: number): string | undefined {
    if (leftMs === Number.POSITIVE_INFINITY) return undefined;
    // Of a short time only a share, or it would be told that there is none, and refuse what it could have answered.
    const keptMs = Math.min(this.#marginMs, leftMs * mostKeptRatio);
    return this.#form.write(Math.max(0, Math.floor(leftMs - keptMs)));
  }
}

/**
 * Makes what reads how long the sender of a request waits, in milliseconds: Infinity when no header says. Of several
 * that do, the earliest holds. What is malformed counts as not sent, for a broken hint must not fail a good request.
 * @param own The header of ours, beside those that others have.
 */
export function deadlineReader(own: string): (headers: IncomingHeaders) => number {
  const names = [...new Set([own.toLowerCase(), ...alwaysRead])];
  const forms = names.map((name) => [name, knownForms.get(name) ?? plain] as const);
  return (headers) => {
    let leftMs = Number.POSITIVE_INFINITY;
    for (const [name, form] of forms) {
      const text = headers[name];
      // Two of one name come as a list, or with a comma in between: nobody knows which of them is meant.
      if (typeof text === 'string') leftMs = Math.min(leftMs, form.read(text) ?? leftMs);
    }
    return leftMs;
  };
}
