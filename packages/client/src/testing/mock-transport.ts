import type { Call } from '@switchgear/policy';
import { type Check, readOptions } from '@switchgear/policy/options';
import type { OpenTransport, Transport, TransportOptions, WireRequest, WireResponse } from '../transport/transport.ts';
import { asStream, collected, orCancelled } from './bodies.ts';
import { InFlightSends } from './in-flight-sends.ts';
import { type MockScript, type Playbook, playbookOf } from './mock-script.ts';
import { redaction } from './redact.ts';
import { play } from './reply.ts';
import { type SeenRequest, seenRequest } from './seen-request.ts';
import { UnexpectedRequestError } from './unexpected-request.ts';

export interface MockTransportOptions {
  /** Headers whose values are not recorded, besides `authorization`, `cookie`, `x-api-key` and their like. @default [] */
  readonly redactHeaders?: readonly string[];
}

/** A transport that answers from a script. Hand it to a client as `transport`. */
export interface MockTransport extends OpenTransport {
  /** Every request that came, in order. */
  readonly requests: readonly SeenRequest[];
  /** Takes another script from now on. What came before stays recorded. */
  script(script: MockScript): void;
  /** Forgets what was recorded. */
  clear(): void;
  /**
   * For the end of a test: everything that was scripted has come, and nothing else has.
   * @throws UnexpectedRequestError naming what was expected and what came, also when the code under test has swallowed it.
   */
  done(): void;
}

const names: Check<readonly string[]> = {
  expected: 'a list of names',
  ok: (value): value is readonly string[] => Array.isArray(value) && value.every((name) => typeof name === 'string'),
};

/**
 * A transport without a network: each request is recorded, and ends as the script says. All time is the clock's of the
 * runtime that the client was given, so with a manual clock a whole outage passes without waiting.
 * @throws ConfigError if the script is none.
 */
export function mockTransport(script: MockScript, options: MockTransportOptions = {}): MockTransport {
  const { redactHeaders } = readOptions('mockTransport', options, { redactHeaders: names }, { redactHeaders: [] });
  const hidden = redaction(redactHeaders);
  const requests: SeenRequest[] = [];
  let playbook: Playbook = playbookOf(script);
  let missed: UnexpectedRequestError | undefined;

  const open = ({ origin, maxBodyBytes, runtime }: TransportOptions): Transport => {
    const { clock } = runtime;
    const sends = new InFlightSends();
    const answer = async (request: WireRequest, call: Call): Promise<WireResponse> => {
      call.progress('queue', 'never');
      const carried = collected(request.body, call);
      const body = carried instanceof Promise ? await carried : carried;
      const seen = seenRequest(origin, request, body, call, clock.now(), hidden);
      requests.push(seen);
      try {
        const next = playbook.next(seen);
        const reply = next instanceof Promise ? await orCancelled(next, call) : next;
        return await play(reply, {
          call,
          clock,
          method: request.method,
          maxBodyBytes: request.maxBodyBytes ?? maxBodyBytes,
        });
      } catch (error) {
        if (error instanceof UnexpectedRequestError) missed ??= error;
        throw error;
      }
    };
    return {
      send: (request, call) => sends.run(call, (watched) => answer(request, watched)),
      stream: (request, call) => sends.run(call, async (watched) => asStream(await answer(request, watched), call)),
      close: () => sends.close(),
      destroy: () => sends.destroy(),
    };
  };

  return Object.assign(open, {
    requests,
    script(next: MockScript): void {
      playbook = playbookOf(next);
    },
    clear(): void {
      requests.length = 0;
      missed = undefined;
    },
    done(): void {
      if (missed !== undefined) throw missed;
      const [next, ...more] = playbook.missing;
      if (next === undefined) return;
      const expected = more.length === 0 ? next : `${next} and ${more.length} more`;
      throw new UnexpectedRequestError('mockTransport', expected, `no more after ${requests.length}`);
    },
  });
}
