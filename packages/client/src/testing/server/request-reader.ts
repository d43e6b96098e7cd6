/** A request as it came over the socket. */
export interface ServerRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  /** By lower-case name. A header that came more than once is joined with a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** The request line and the headers, as sent. */
  readonly head: string;
  readonly body: string;
}

/** Cuts what a socket brings into requests. Just enough of HTTP/1.1 for a client that behaves. */
export class RequestReader {
  #bytes = Buffer.alloc(0);

  /** Takes what came. @returns The requests that are whole now. */
  push(chunk: Buffer): ServerRequest[] {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    const requests: ServerRequest[] = [];
    for (let next = this.#next(); next !== undefined; next = this.#next()) requests.push(next);
    return requests;
  }

  #next(): ServerRequest | undefined {
    const end = this.#bytes.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const head = this.#bytes.subarray(0, end).toString('latin1');
    const [requestLine = '', ...lines] = head.split('\r\n');
    const [method = '', path = ''] = requestLine.split(' ');
    const headers: Record<string, string> = Object.create(null);
    for (const line of lines) {
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).trim().toLowerCase();
      const value = line.slice(colon + 1).trim();
      headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
    }
    const rest = this.#bytes.subarray(end + 4);
    const body = headers['transfer-encoding'] === undefined ? counted(rest, headers['content-length']) : chunked(rest);
    if (body === undefined) return undefined;
    this.#bytes = rest.subarray(body.length);
    return { method, path, headers: { ...headers }, head, body: body.text };
  }
}

interface ReadBody {
  readonly text: string;
  /** Bytes on the wire. */
  readonly length: number;
}

function counted(rest: Buffer, contentLength: string | undefined): ReadBody | undefined {
  const length = Number(contentLength ?? 0);
  return rest.length < length ? undefined : { text: rest.subarray(0, length).toString(), length };
}

function chunked(rest: Buffer): ReadBody | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(rest.subarray(at, lineEnd).toString('latin1'), 16);
    const next = lineEnd + 2 + size + 2;
    if (Number.isNaN(size) || rest.length < next) return undefined;
    if (size === 0) return { text: Buffer.concat(chunks).toString(), length: next };
    chunks.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = next;
  }
}
