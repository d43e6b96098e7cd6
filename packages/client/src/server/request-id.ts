import { newId } from '../request/ids.ts';
import { type IncomingHeaders, readRequestId } from '../trace/incoming.ts';

/** By request, so that whoever asks first, a logger or a handler, gives it the id that all others find. */
const made = new WeakMap<object, string>();

/**
 * The id of a request: its caller's when that is acceptable (1 to 200 visible ASCII characters, so that it can neither
 * split a header nor forge a line of a log), else a new one, which is then the same for everybody who asks. Fits fastify's
 * `genReqId`.
 * @param request The raw one, of `node:http`.
 */
export function requestIdOf(request: { readonly headers: IncomingHeaders }): string {
  const given = readRequestId(request.headers);
  if (given !== undefined) return given;
  const known = made.get(request);
  if (known !== undefined) return known;
  const id = newId();
  made.set(request, id);
  return id;
}
