/** One way to fetch a user by its id. Opened in a process of its own, so that none runs on code another has warmed. */
export interface HttpContender {
  readonly name: string;
  open(baseUrl: string): Promise<(id: number) => Promise<unknown>>;
}

const headers = { authorization: 'Bearer bench', 'x-request-id': 'bench' };

interface Varied {
  readonly schema?: boolean;
  /** Into a registry of Prometheus. Part of everything, so it is on unless said otherwise. */
  readonly metrics?: boolean;
  /** Spans and metrics, made by the SDK and thrown away: what exporting them costs is the exporter's affair. */
  readonly otel?: boolean;
  /** To every event. */
  readonly listener?: boolean;
}

/** The client with everything on, and what the runs vary. */
async function switchgear(baseUrl: string, vary: Varied): Promise<(id: number) => Promise<unknown>> {
  const { clientCredentials, createServiceClient, get } = await import('@switchgear/client');
  let response: import('zod').ZodType | undefined;
  if (vary.schema) {
    const { z } = await import('zod');
    response = z.object({ id: z.number(), name: z.string(), email: z.string(), active: z.boolean() });
  }
  const otel = vary.otel ? await openTelemetry() : undefined;
  const client = createServiceClient({
    target: 'user-service',
    baseUrl,
    ...(otel !== undefined && { tracing: otel.tracing }),
    connections: 200,
    bulkhead: { maxConcurrent: 200 },
    auth: clientCredentials({ tokenUrl: `${baseUrl}/token`, clientId: 'bench', clientSecret: 'bench' }),
    operations: { getUser: get('/users/{userId}', response === undefined ? {} : { response }) },
  });
  if (vary.listener) {
    const counts = new Map<string, number>();
    client.on((event) => counts.set(event.type, (counts.get(event.type) ?? 0) + 1));
  }
  if (vary.metrics ?? true) {
    const { prometheusMetrics } = await import('@switchgear/client/prometheus');
    const { Registry } = await import('@prometheus-io/client');
    prometheusMetrics({ registry: new Registry() }).watch(client);
  }
  otel?.metrics.watch(client);
  return (userId) => client.getUser({ userId });
}

async function openTelemetry() {
  const { otelMetrics, otelTracing } = await import('@switchgear/client/otel');
  const { NoopSpanProcessor, TracerProvider } = await import('@opentelemetry/sdk-trace');
  const { MeterProvider } = await import('@opentelemetry/sdk-metrics');
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
  const { context } = await import('@opentelemetry/api');
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const tracer = new TracerProvider({ spanProcessors: [new NoopSpanProcessor()] }).getTracer('bench');
  const meter = new MeterProvider({ readers: [await unreadReader()] }).getMeter('bench');
  return { tracing: otelTracing({ tracer, http: 'own' }), metrics: otelMetrics({ meter, http: 'own' }) };
}

/** Without a reader the SDK would keep nothing, and measuring would cost nothing. */
async function unreadReader() {
  const { MetricReader } = await import('@opentelemetry/sdk-metrics');
  return new (class extends MetricReader {
    protected override async onForceFlush(): Promise<void> {}
    protected override async onShutdown(): Promise<void> {}
  })();
}

/** The first one is what the others are compared with. */
export const contenders: readonly HttpContender[] = [
  {
    name: 'undici pool.request + JSON',
    async open(baseUrl) {
      const { Pool } = await import('undici');
      const pool = new Pool(baseUrl, { connections: 200, pipelining: 1 });
      return async (id) => {
        const { body } = await pool.request({ method: 'GET', path: `/users/${id}`, headers });
        return body.json();
      };
    },
  },
  { name: 'switchgear, everything on', open: (baseUrl) => switchgear(baseUrl, {}) },
  { name: 'switchgear, without metrics', open: (baseUrl) => switchgear(baseUrl, { metrics: false }) },
  { name: 'switchgear, and a listener to every event', open: (baseUrl) => switchgear(baseUrl, { listener: true }) },
  { name: 'switchgear, and OpenTelemetry', open: (baseUrl) => switchgear(baseUrl, { otel: true }) },
  { name: 'switchgear, and a zod schema', open: (baseUrl) => switchgear(baseUrl, { schema: true }) },
  {
    name: 'undici fetch',
    async open(baseUrl) {
      const { Agent, fetch } = await import('undici');
      const dispatcher = new Agent({ connections: 200 });
      return async (id) => (await fetch(`${baseUrl}/users/${id}`, { headers, dispatcher })).json();
    },
  },
  {
    name: 'global fetch',
    async open(baseUrl) {
      return async (id) => (await fetch(`${baseUrl}/users/${id}`, { headers })).json();
    },
  },
  {
    name: 'got',
    async open(baseUrl) {
      const { Agent } = await import('node:http');
      const { default: got } = await import('got');
      const client = got.extend({
        prefixUrl: baseUrl,
        headers,
        agent: { http: new Agent({ keepAlive: true, maxSockets: 200 }) },
        timeout: { request: 3_000 },
        retry: { limit: 2 },
      });
      return (id) => client.get(`users/${id}`).json();
    },
  },
  {
    name: 'ky',
    async open(baseUrl) {
      const { default: ky } = await import('ky');
      const client = ky.create({ headers, timeout: 3_000, retry: { limit: 2 } });
      return (id) => client.get(`${baseUrl}/users/${id}`).json();
    },
  },
  {
    name: 'ky + cockatiel',
    async open(baseUrl) {
      const { default: ky } = await import('ky');
      const {
        bulkhead,
        circuitBreaker,
        ConsecutiveBreaker,
        ExponentialBackoff,
        handleAll,
        retry,
        timeout,
        TimeoutStrategy,
        wrap,
      } = await import('cockatiel');
      const client = ky.create({ headers, timeout: false, retry: 0 });
      const policy = wrap(
        bulkhead(200, 0),
        retry(handleAll, { maxAttempts: 2, backoff: new ExponentialBackoff() }),
        circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(20) }),
        timeout(1_000, TimeoutStrategy.Aggressive),
      );
      return (id) => policy.execute(({ signal }) => client.get(`${baseUrl}/users/${id}`, { signal }).json());
    },
  },
  {
    name: 'axios',
    async open(baseUrl) {
      const { Agent } = await import('node:http');
      const { default: axios } = await import('axios');
      const client = axios.create({
        baseURL: baseUrl,
        headers,
        timeout: 3_000,
        httpAgent: new Agent({ keepAlive: true, maxSockets: 200 }),
      });
      return async (id) => (await client.get(`/users/${id}`)).data;
    },
  },
  {
    name: 'axios + axios-retry + opossum',
    async open(baseUrl) {
      const { Agent } = await import('node:http');
      const { default: axios } = await import('axios');
      const { default: axiosRetry, exponentialDelay } = await import('axios-retry');
      const { default: CircuitBreaker } = await import('opossum');
      const client = axios.create({
        baseURL: baseUrl,
        headers,
        timeout: 1_000,
        httpAgent: new Agent({ keepAlive: true, maxSockets: 200 }),
      });
      axiosRetry(client, { retries: 2, retryDelay: exponentialDelay });
      const breaker = new CircuitBreaker((id: number) => client.get(`/users/${id}`).then(({ data }) => data), {
        timeout: 3_000,
        errorThresholdPercentage: 90,
        volumeThreshold: 20,
        resetTimeout: 10_000,
      });
      return (id) => breaker.fire(id);
    },
  },
];
