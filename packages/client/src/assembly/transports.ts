import type { EventBus } from '@switchgear/policy';
import type { ClientSettings } from '../client-options.ts';
import type { ClientEvent } from '../events.ts';
import { egressGuard } from '../transport/egress.ts';
import { type TlsProvider, type TlsSource, tlsProvider } from '../transport/tls.ts';
import type { Transport } from '../transport/transport.ts';

/** Opens the connections of one origin, or of one address of it, as the client's options say. */
export function openTransport(
  settings: ClientSettings,
  tls: TlsProvider | undefined,
  origin: string,
  address?: string,
): Transport {
  const { connections, connectTimeoutMs, keepAliveMs, maxBodyBytes, maxHeaderBytes, allowH2, runtime } = settings;
  return settings.transport({
    origin,
    address,
    egress: egressGuard(settings.egress),
    tls,
    connections,
    connectTimeoutMs,
    keepAliveMs,
    maxBodyBytes,
    maxHeaderBytes,
    allowH2,
    runtime,
  });
}

/** Read once for all hosts: they are shown the same certificate. @throws ConfigError if it is no good. */
export function readTls(given: TlsSource, settings: ClientSettings, events: EventBus<ClientEvent>): TlsProvider {
  return tlsProvider('createServiceClient.tls', given, (error) => {
    if (!events.wants('tls.reload-failed')) return;
    events.publish({ type: 'tls.reload-failed', at: settings.runtime.clock.now(), target: settings.target, error });
  });
}
