import { isIP } from 'node:net';
import { currentIncoming } from '@switchgear/client';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, parsed } from '../api-error.ts';
import { succeeded } from '../envelope.ts';
import { type FaultInjector, FaultSettingsSchema } from '../faults.ts';

/** `PUT`, `GET` and `DELETE /faults`, for this machine only. */
export function faultRoutes(app: FastifyInstance, faults: FaultInjector): void {
  app.register(async (scope) => {
    scope.addHook('onRequest', async (request) => {
      if (isLoopback(request.socket.remoteAddress)) return;
      throw new ApiError({ status: 403, code: 'LOOPBACK_ONLY', message: 'faults are set from this machine only' });
    });

    scope.put('/faults', async (request) => {
      const settings = parsed(FaultSettingsSchema, request.body, 'body');
      faults.inject(settings);
      request.log.warn({ faults: settings }, 'faults are injected');
      return succeeded(settings);
    });

    scope.get('/faults', async () => succeeded(faults.settings ?? null));

    scope.delete('/faults', async (request) => {
      faults.clear();
      request.log.warn('faults are cleared');
      return succeeded(null);
    });
  });
}

/** Before every route of `scope`: late, and perhaps failed as a broken server or a proxy would, without the envelope. */
export function injectFaults(scope: FastifyInstance, faults: FaultInjector): void {
  scope.addHook('onRequest', async (request, reply) => {
    const { latencyMs, failure } = faults.next();
    // Ends early when the caller hangs up, so that a slow fault does not pile up work for callers long gone.
    if (latencyMs > 0) await faults.sleep(latencyMs, currentIncoming()?.signal);
    switch (failure) {
      case undefined:
        return;
      case 'reset':
        return reset(request, reply);
      case '500':
        return reply.code(500).type('text/html').send('<h1>Internal Server Error</h1>');
      case '503':
        return reply.code(503).type('text/plain').send('upstream connect error');
    }
  });
}

function reset(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.hijack();
  request.raw.socket.resetAndDestroy();
  return reply;
}

function isLoopback(address: string | undefined): boolean {
  const plain = address?.replace(/^::ffff:/i, '') ?? '';
  return plain === '::1' || (isIP(plain) === 4 && plain.startsWith('127.'));
}
