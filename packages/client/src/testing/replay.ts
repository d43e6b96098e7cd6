import { isDeepStrictEqual } from 'node:util';
import type { Call } from '@switchgear/policy';
import type { OpenTransport, WireRequest, WireResponse } from '../transport/transport.ts';
import { asStream, collected } from './bodies.ts';
import { bytesOf, type Cassette, type RecordedExchange, readCassette } from './cassette.ts';
import { InFlightSends } from './in-flight-sends.ts';
import { recordedRequest } from './recorder.ts';
import { redaction } from './redact.ts';
import { play, type Reply } from './reply.ts';
import { requestLine, UnexpectedRequestError } from './unexpected-request.ts';

/** A transport that answers as it was recorded. */
export interface Replay extends OpenTransport {
  /**
   * For the end of a test: every exchange of the cassette has been played, and nothing else was asked for.
   * @throws UnexpectedRequestError
   */
  done(): void;
}

/**
 * Plays a cassette: each request gets the first exchange not yet played that has its method, path and body, as they
 * were kept, whatever the origin. What was hidden when recording is hidden again before it is compared.
 * @param cassette The cassette, or its JSON.
 * @throws ConfigError if it is none, or of another version.
 */
export function replay(cassette: Cassette | string): Replay {
  const { exchanges, redacted } = readCassette(cassette);
  const hidden = redaction(redacted.headers, redacted.fields);
  const left = [...exchanges];
  let missed: UnexpectedRequestError | undefined;

  const open: OpenTransport = ({ origin, maxBodyBytes, runtime: { clock } }) => {
    const sends = new InFlightSends();
    const answer = async (request: WireRequest, call: Call): Promise<WireResponse> => {
      call.progress('queue', 'never');
      const carried = collected(request.body, call);
      const kept = recordedRequest(origin, request, carried instanceof Promise ? await carried : carried, hidden);
      const at = left.findIndex((exchange) => isSame(exchange.request, kept));
      if (at < 0) {
        const { target, operation, attempt: attempts } = call;
        const expected = left.length === 0 ? `no request after ${exchanges.length}` : nearest(left, kept);
        const facts = { target, operation, attempts };
        const error = new UnexpectedRequestError('replay', expected, requestLine(kept), facts);
        missed ??= error;
        throw error;
      }
      const [exchange] = left.splice(at, 1) as [RecordedExchange];
      const limit = request.maxBodyBytes ?? maxBodyBytes;
      return play(replyOf(exchange), { call, clock, method: request.method, maxBodyBytes: limit });
    };
    return {
      send: (request, call) => sends.run(call, (watched) => answer(request, watched)),
      stream: (request, call) => sends.run(call, async (watched) => asStream(await answer(request, watched), call)),
      close: () => sends.close(),
      destroy: () => sends.destroy(),
    };
  };

  return Object.assign(open, {
    done(): void {
      if (missed !== undefined) throw missed;
      const [next] = left;
      if (next === undefined) return;
      const more = left.length === 1 ? '' : ` and ${left.length - 1} more`;
      throw new UnexpectedRequestError('replay', requestLine(next.request) + more, 'nothing more');
    },
  });
}

type Kept = RecordedExchange['request'];

function isSame(kept: Kept, came: Kept): boolean {
  return kept.method === came.method && kept.path === came.path && isDeepStrictEqual(kept.body, came.body);
}

/** What would have fitted best, and what it is that differs: never the difference itself, which may be anything. */
function nearest(left: readonly RecordedExchange[], came: Kept): string {
  const line = requestLine(came);
  const same = left.find(({ request }) => requestLine(request) === line);
  if (same !== undefined) return `${line} with another ${same.request.path === came.path ? 'body' : 'query'}`;
  return `one of the ${left.length} left, the next being ${requestLine((left[0] as RecordedExchange).request)}`;
}

function replyOf({ outcome }: RecordedExchange): Reply {
  if (outcome.kind !== 'answer') return outcome;
  return { kind: 'answer', status: outcome.status, headers: outcome.headers, body: bytesOf(outcome.body) };
}
