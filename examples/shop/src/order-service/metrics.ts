import { Counter, Registry } from '@prometheus-io/client';
import { type PrometheusMetrics, prometheusMetrics } from '@switchgear/client/prometheus';
import type { RunningUserServiceClient } from './users/user-service-client.ts';

/** What `GET /metrics` answers: how the user-service is called, and what of that is this service's own business. */
export class OrderServiceMetrics {
  readonly registry: Registry = new Registry();
  readonly #usersCreated: Counter<'source'>;
  readonly #ofClient: PrometheusMetrics;
  #stop: (() => void) | undefined;

  constructor() {
    const { registry } = this;
    this.#usersCreated = new Counter({
      name: 'users_created_total',
      help: 'Users that were created through this service',
      labelNames: ['source'],
      registers: [registry],
    });
    // Boards that were made for the client written by hand, before this one, go on working.
    this.#ofClient = prometheusMetrics({ registry, alsoAs: ['article'] });
  }

  watch({ controls }: Pick<RunningUserServiceClient, 'controls'>): void {
    const unwatch = this.#ofClient.watch(controls);
    const unsubscribe = controls.on(
      (event) => {
        if (event.type !== 'call.finished' || event.operation !== 'createUser') return;
        if (event.fate.startsWith('ok')) this.#usersCreated.inc({ source: 'order-service' });
      },
      ['call.finished'],
    );
    this.#stop = () => {
      unwatch();
      unsubscribe();
    };
  }

  close(): void {
    this.#stop?.();
    this.#ofClient.close();
  }
}
