import type { IncomingHeaders } from '../trace/incoming.ts';

/** A request of `node:http` or `node:http2`, or what a framework has made of one. */
export interface RawRequest {
  readonly headers: IncomingHeaders;
  emit(event: string | symbol, ...values: never[]): boolean;
}

/** The response to it. */
export interface RawResponse {
  statusCode: number;
  readonly headersSent: boolean;
  readonly closed?: boolean;
  readonly writableEnded: boolean;
  hasHeader(name: string): boolean;
  setHeader(name: string, value: string): unknown;
  writeHead(status: number, ...more: never[]): unknown;
  end(text: string): unknown;
  once(event: 'close', listener: () => void): unknown;
  emit(event: string | symbol, ...values: never[]): boolean;
}
