import type { Socket } from 'node:net';
import type { Clock } from '@switchgear/policy';
import type { ServerRequest } from './request-reader.ts';

/** An answer as plain data. */
export interface ServerAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Sent as it is when it is text or bytes, as JSON otherwise. */
  readonly body?: unknown;
}

/** What all requests to one server share. */
export interface ServerScene {
  readonly clock: Clock;
  /** How far apart the bytes of a trickle are, in milliseconds. */
  readonly trickleMs: number;
  /** What a good answer holds. */
  readonly body: unknown;
  /** Sent with every answer that is one. */
  readonly headers: Readonly<Record<string, string>>;
  readonly url: string;
  readonly tokens: Tokens;
}

/** The tokens that a server gives out, and which of them it takes. */
export interface Tokens {
  /** How many were given out. */
  issued: number;
  /** The oldest that is taken, by its number. */
  accepted: number;
}

/** One request and the socket it came over. */
export class ServerExchange {
  readonly socket: Socket;
  readonly request: ServerRequest;
  /** Which request of its connection, from 1. */
  readonly nth: number;
  readonly scene: ServerScene;

  constructor(socket: Socket, request: ServerRequest, nth: number, scene: ServerScene) {
    this.socket = socket;
    this.request = request;
    this.nth = nth;
    this.scene = scene;
  }

  /** Answers well. */
  ok(more: Readonly<Record<string, string>> = {}): void {
    this.answer({ status: 200, body: this.scene.body, headers: more });
  }

  /** Answers whole, with a length. */
  answer({ status, headers = {}, body }: ServerAnswer): void {
    const { bytes, type } = textOrJson(body);
    this.head(status, {
      ...(type === undefined ? {} : { 'content-type': type }),
      'content-length': String(bytes.length),
      ...headers,
    });
    if (this.request.method !== 'HEAD') this.write(bytes);
  }

  /** The status line and the headers. */
  head(status: number, headers: Readonly<Record<string, string | readonly string[]>>): void {
    const lines = [`HTTP/1.1 ${status} ${status < 400 ? 'OK' : 'No'}`];
    for (const [name, value] of Object.entries({ ...this.scene.headers, ...headers })) {
      for (const each of typeof value === 'string' ? [value] : value) lines.push(`${name}: ${each}`);
    }
    this.write(`${lines.join('\r\n')}\r\n\r\n`);
  }

  /** Says that the body is JSON, and how many bytes of it come, unless they come in chunks. */
  jsonHead(length: number | 'chunked'): void {
    const framing = length === 'chunked' ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(length) };
    this.head(200, { 'content-type': 'application/json', ...framing });
  }

  write(data: string | Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(data);
  }

  chunk(data: string): void {
    this.write(`${data.length.toString(16)}\r\n${data}\r\n`);
  }

  /** Writes the same again and again, as fast as it is taken and no faster, until the other side has enough. */
  flood(data: Uint8Array): void {
    const more = (): void => {
      if (!this.socket.destroyed) this.socket.write(data, () => more());
    };
    more();
  }
}

/** A body as it is sent: text and bytes as they are, anything else as JSON. */
export function textOrJson(body: unknown): { readonly bytes: Uint8Array; readonly type?: string } {
  if (body === undefined) return { bytes: new Uint8Array(0) };
  if (body instanceof Uint8Array) return { bytes: body };
  if (typeof body === 'string') return { bytes: Buffer.from(body) };
  return { bytes: Buffer.from(JSON.stringify(body)), type: 'application/json' };
}
