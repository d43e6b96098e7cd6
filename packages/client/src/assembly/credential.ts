import type { EventBus, Runtime } from '@switchgear/policy';
import type { Credential } from '../auth/credential.ts';
import type { ClientSettings } from '../client-options.ts';
import type { ClientEvent } from '../events.ts';
import { egressGuard } from '../transport/egress.ts';

/** Opens what authorises the client's requests, if anything does, and makes events of what it tells. */
export function openCredential(
  settings: ClientSettings,
  runtime: Runtime,
  events: EventBus<ClientEvent>,
): Credential | undefined {
  const { target } = settings;
  const { clock } = runtime;
  return settings.auth?.open({
    runtime,
    openTransport: (options) => settings.transport({ ...options, egress: egressGuard(settings.egress) }),
    onRefresh(generation, durationMs, error) {
      if (!events.wants('token.refreshed')) return;
      const ok = error === undefined;
      events.publish({ type: 'token.refreshed', at: clock.now(), target, ok, generation, durationMs, error });
    },
    onLost(error) {
      if (!events.wants('auth.lost')) return;
      events.publish({ type: 'auth.lost', at: clock.now(), target, reason: error.reason, error });
    },
    onUnsaved(error, retryInMs) {
      if (!events.wants('token.unsaved')) return;
      events.publish({ type: 'token.unsaved', at: clock.now(), target, retryInMs, error });
    },
  });
}
