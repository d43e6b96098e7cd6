import { gzipSync } from 'node:zlib';
import type { Timer } from '@switchgear/policy';
import type { ServerExchange, ServerScene, Tokens } from './exchange.ts';

/** What a server does with a request. */
interface Entry {
  /** What it is, in a line. */
  readonly about: string;
  /** Done to a request that nobody gets to see: it does not count as a hit. */
  readonly unseen?: true;
  readonly run: (exchange: ServerExchange) => void;
}

/** What a fault server can do with a request; `serverFaults` says what each is. */
export type ServerFault =
  | 'ok'
  | 'reset-before-read'
  | 'reset-after-read'
  | 'close-after-read'
  | 'close-on-reuse'
  | 'reset-on-reuse'
  | 'close-after-answer'
  | 'unsolicited-answer'
  | 'never-headers'
  | 'headers-then-stall'
  | 'trickle'
  | 'truncated-length'
  | 'truncated-chunks'
  | 'malformed-chunk'
  | 'not-http'
  | 'huge-length'
  | 'huge-chunks'
  | 'huge-headers'
  | 'gzip-bomb'
  | 'thousand-encodings'
  | 'informational-storm'
  | 'informational-forever'
  | 'unavailable'
  | 'unavailable-for-a-while'
  | 'rate-limited'
  | 'unauthorised'
  | 'newest-token-only'
  | 'token'
  | 'stale-token'
  | 'redirect-same-origin'
  | 'redirect-cross-origin'
  | 'redirect-unix'
  | 'redirect-data'
  | 'redirect-file'
  | 'redirect-loop'
  | 'redirect-307'
  | 'html-200'
  | 'empty-200'
  | 'truncated-json'
  | 'wrong-charset'
  | 'deep-json'
  | 'proto-json';

/** Values of Retry-After that have hurt somebody. */
export const hostileRetryAfter: readonly string[] = [
  '9999999999',
  '999999999999999999999',
  '-1',
  '0',
  '1.5',
  '1e9',
  'abc',
  '',
  ' '.repeat(4096),
  '0x10',
  '1,1',
  'Infinity',
  'Thu, 01 Jan 1970 00:00:00 GMT',
  'Fri, 31 Dec 2999 23:59:59 GMT',
  'Thu, 99 Foo 2026 99:99:99 GMT',
];

const redirect =
  (status: number, to: (scene: ServerScene) => string) =>
  (exchange: ServerExchange): void =>
    exchange.answer({ status, headers: { location: to(exchange.scene) } });

const kib = (count: number): Uint8Array => Buffer.alloc(count * 1024, 0x20);

/** Sixteen MiB of spaces in some KiB: many small packings, one after the other, are one large one (RFC 1952). */
const bomb = (): Buffer => {
  const packed = gzipSync(kib(256));
  return Buffer.concat(Array.from({ length: 64 }, () => packed));
};

const catalogue: Readonly<Record<ServerFault, Entry>> = {
  ok: { about: 'answers 200 with JSON', run: (it) => it.ok() },

  'reset-before-read': { about: 'resets the connection and takes no notice of the request', unseen: true, run: reset },
  'reset-after-read': { about: 'reads the request and resets the connection', run: reset },
  'close-after-read': { about: 'reads the request and closes the connection', run: (it) => it.socket.destroy() },
  'close-on-reuse': {
    about: 'answers the first request of a connection, and closes it when the second comes: a keep-alive that ended',
    unseen: true,
    run: (it) => (it.nth === 1 ? it.ok() : it.socket.destroy()),
  },
  'reset-on-reuse': {
    about: 'the same, with a reset',
    unseen: true,
    run: (it) => (it.nth === 1 ? it.ok() : reset(it)),
  },
  'close-after-answer': {
    about: 'answers, promising to keep the connection, and closes it',
    run: (it) => {
      it.ok({ connection: 'keep-alive' });
      it.socket.end();
    },
  },
  'unsolicited-answer': {
    about: 'answers, and then answers once more, unasked',
    run: (it) => {
      it.ok();
      it.answer({ status: 200, body: { unasked: true } });
    },
  },

  'never-headers': { about: 'reads the request and never answers', run: () => {} },
  'headers-then-stall': {
    about: 'answers with headers and half a body, and no more',
    run: (it) => {
      it.jsonHead(1024);
      it.write(kib(0.5));
    },
  },
  trickle: {
    about: 'answers a byte at a time',
    run: (it) => {
      it.jsonHead(10_000);
      drip(it, 10_000);
    },
  },
  'truncated-length': {
    about: 'answers with less than it had said, and closes the connection',
    run: (it) => {
      it.jsonHead(1024);
      it.write(kib(0.5));
      it.socket.end();
    },
  },
  'truncated-chunks': {
    about: 'answers with chunks of which the last never comes, and closes the connection',
    run: (it) => {
      it.jsonHead('chunked');
      it.chunk('{"half":');
      it.socket.end();
    },
  },
  'malformed-chunk': {
    about: 'answers with a chunk whose length is none',
    run: (it) => {
      it.jsonHead('chunked');
      it.write(`zz\r\n${JSON.stringify(it.scene.body)}\r\n0\r\n\r\n`);
    },
  },
  'not-http': { about: 'answers in another protocol', run: (it) => it.write('SSH-2.0-OpenSSH_9.9\r\n') },

  'huge-length': {
    about: 'answers with 100 MiB, and says so',
    run: (it) => {
      it.jsonHead(100 * 1024 * 1024);
      it.flood(kib(64));
    },
  },
  'huge-chunks': {
    about: 'answers without an end',
    run: (it) => {
      it.jsonHead('chunked');
      it.flood(Buffer.from(`10000\r\n${' '.repeat(0x10000)}\r\n`));
    },
  },
  'huge-headers': {
    about: 'answers with 1 MiB of headers',
    run: (it) => it.answer({ status: 200, body: {}, headers: { 'x-huge': 'x'.repeat(1024 * 1024) } }),
  },
  'gzip-bomb': {
    about: 'answers with little that unpacks to 16 MiB',
    run: (it) =>
      it.answer({
        status: 200,
        body: bomb(),
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      }),
  },
  'thousand-encodings': {
    about: 'answers with a body that is said to be packed a thousand times',
    run: (it) =>
      it.answer({
        status: 200,
        body: it.scene.body,
        headers: { 'content-encoding': Array.from({ length: 1_000 }, () => 'gzip').join(', ') },
      }),
  },
  'informational-storm': {
    about: 'sends a thousand interim answers, and then a good one',
    run: (it) => {
      it.write(earlyHints.repeat(1_000));
      it.ok();
    },
  },
  'informational-forever': {
    about: 'sends interim answers and nothing else',
    run: (it) => it.flood(Buffer.from(earlyHints.repeat(100))),
  },

  unavailable: { about: 'answers 503', run: (it) => it.answer({ status: 503 }) },
  'unavailable-for-a-while': {
    about: 'answers 503, and asks for a second',
    run: (it) => it.answer({ status: 503, headers: { 'retry-after': '1' } }),
  },
  'rate-limited': {
    about: 'answers 429, and asks for a second',
    run: (it) =>
      it.answer({
        status: 429,
        headers: { 'retry-after': '1', ratelimit: '"default";r=0;t=1', 'ratelimit-policy': '"default";q=100;w=60' },
      }),
  },
  unauthorised: {
    about: 'answers 401',
    run: (it) => it.answer({ status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }),
  },
  'newest-token-only': {
    about: 'answers well to a token that is still taken, and 401 to any other',
    run: (it) => {
      const { tokens } = it.scene;
      const given = Number(/^Bearer token-(\d+)$/.exec(it.request.headers.authorization ?? '')?.[1] ?? 0);
      if (given >= tokens.accepted && given <= tokens.issued) it.ok();
      else it.answer({ status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } });
    },
  },
  token: {
    about: 'gives out a new token, as a token server does',
    run: (it) => giveToken(it, ++it.scene.tokens.issued),
  },
  'stale-token': {
    about: 'gives out the same token again',
    run: (it) => giveToken(it, Math.max(1, it.scene.tokens.issued)),
  },

  'redirect-same-origin': { about: 'answers 302 to another path', run: redirect(302, () => '/elsewhere') },
  'redirect-cross-origin': { about: 'answers 302 to another host', run: redirect(302, () => 'http://127.0.0.1:1/') },
  'redirect-unix': { about: 'answers 302 to a socket', run: redirect(302, () => 'unix:/var/run/docker.sock') },
  'redirect-data': { about: 'answers 302 to a text', run: redirect(302, () => 'data:application/json,{}') },
  'redirect-file': { about: 'answers 302 to a file', run: redirect(302, () => 'file:///etc/passwd') },
  'redirect-loop': { about: 'answers 302 to itself', run: (it) => redirect(302, () => it.request.path)(it) },
  'redirect-307': {
    about: 'answers 307, which asks for the same request once more',
    run: redirect(307, ({ url }) => url),
  },

  'html-200': {
    about: 'answers 200 with a page, as some proxies do',
    run: (it) => it.answer({ status: 200, body: '<html>Sign in</html>', headers: { 'content-type': 'text/html' } }),
  },
  'empty-200': {
    about: 'answers 200 with nothing',
    run: (it) => it.answer({ status: 200, headers: { 'content-type': 'application/json' } }),
  },
  'truncated-json': { about: 'answers 200 with half a text', run: (it) => json(it, '{"id":') },
  'wrong-charset': {
    about: 'answers 200 with bytes that are not UTF-8',
    run: (it) => json(it, Buffer.from([0xff, 0xfe])),
  },
  'deep-json': {
    about: 'answers 200 with ten thousand arrays in each other',
    run: (it) => json(it, '['.repeat(10_000) + ']'.repeat(10_000)),
  },
  'proto-json': {
    about: 'answers 200 well, with `__proto__` and `constructor` beside',
    run: (it) =>
      json(
        it,
        `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},${JSON.stringify(it.scene.body).slice(1)}`,
      ),
  },
};

/** The faults, by name, with what each is. */
export const serverFaults: Readonly<Record<ServerFault, string>> = Object.fromEntries(
  Object.entries(catalogue).map(([name, { about }]) => [name, about]),
) as Record<ServerFault, string>;

export function entryOf(fault: ServerFault): Entry {
  return catalogue[fault];
}

export function isServerFault(name: unknown): name is ServerFault {
  return typeof name === 'string' && Object.hasOwn(catalogue, name);
}

const earlyHints = 'HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n';

function reset({ socket }: ServerExchange): void {
  socket.resetAndDestroy();
}

function json(exchange: ServerExchange, body: string | Uint8Array): void {
  exchange.answer({ status: 200, body, headers: { 'content-type': 'application/json' } });
}

function giveToken(exchange: ServerExchange, number: number): void {
  const { tokens }: { tokens: Tokens } = exchange.scene;
  tokens.issued = Math.max(tokens.issued, number);
  exchange.answer({
    status: 200,
    body: { access_token: `token-${number}`, token_type: 'Bearer', expires_in: 3600 },
  });
}

function drip(exchange: ServerExchange, bytes: number): void {
  const { clock, trickleMs } = exchange.scene;
  const next = (left: number): Timer => {
    const timer = clock.setTimer(trickleMs, () => {
      if (exchange.socket.destroyed) return;
      exchange.write(' ');
      if (left > 1) waiting = next(left - 1);
    });
    timer.unref();
    return timer;
  };
  let waiting = next(bytes);
  exchange.socket.once('close', () => waiting.cancel());
}
