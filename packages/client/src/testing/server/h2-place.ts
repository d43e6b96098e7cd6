import { constants, createSecureServer, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { type ServerAnswer, textOrJson } from './exchange.ts';
import { closed, listening, type Place } from './places.ts';
import type { ServerRequest } from './request-reader.ts';
import type { Certificate } from './self-signed.ts';

/** What goes wrong over HTTP/2 alone. */
export const h2Faults = ['goaway', 'refused-stream'] as const;

export type H2Fault = (typeof h2Faults)[number];

/** What a request meets here: a fault of HTTP/2, an answer, or silence. */
export type H2Step = H2Fault | ServerAnswer | 'never-headers';

/** A server that speaks HTTP/2 over TLS, and asks what to do with each request. */
export async function h2Place(
  certificate: Certificate,
  count: (socket: Socket) => void,
  meet: (request: ServerRequest) => H2Step,
): Promise<Place> {
  const server = createSecureServer({ ...certificate, allowHTTP1: false });
  server.on('connection', count);
  server.on('session', (session) => void session.on('error', () => {}));
  server.on('tlsClientError', () => {});
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
    stream.on('end', () => {
      const { ':method': method = '', ':path': path = '', ...others } = headers;
      const plain = Object.fromEntries(Object.entries(others).map(([name, value]) => [name, String(value)]));
      const body = Buffer.concat(chunks).toString();
      act(stream, meet({ method, path: String(path), headers: plain, head: `${method} ${path} HTTP/2`, body }));
    });
  });
  const listener = server as unknown as Server;
  await listening(listener);
  return { port: (listener.address() as AddressInfo).port, close: () => closed(listener) };
}

function act(stream: ServerHttp2Stream, step: H2Step): void {
  const { session } = stream;
  if (step === 'never-headers' || session === undefined) return;
  if (step === 'refused-stream') stream.close(constants.NGHTTP2_REFUSED_STREAM);
  else if (step === 'goaway') {
    // Nothing of what is under way has been looked at, says the zero.
    session.goaway(constants.NGHTTP2_NO_ERROR, 0);
    session.destroy();
  } else {
    const { status, headers = {}, body } = step;
    const { bytes, type } = textOrJson(body);
    const all = { ...(type === undefined ? {} : { 'content-type': type }), ...headers } as OutgoingHttpHeaders;
    stream.respond({ ':status': status, ...all });
    stream.end(bytes);
  }
}
