/** One way to fetch a user by its id. Opened in a process of its own, so that none runs on code another has warmed. */
export interface HttpContender {
  readonly name: string;
  open(baseUrl: string): Promise<(id: number) => Promise<unknown>>;
}

const headers = { authorization: 'Bearer bench', 'x-request-id': 'bench' };

/** The client with everything on, and what the runs vary. */
async function switchgear(
  baseUrl: string,
  vary: { schema?: boolean; listener?: boolean },
): Promise<(id: number) => Promise<unknown>> {
  const { clientCredentials, createServiceClient, get } = await import('@switchgear/client');
  let response: import('zod').ZodType | undefined;
  if (vary.schema) {
    const { z } = await import('zod');
    response = z.object({ id: z.number(), name: z.string(), email: z.string(), active: z.boolean() });
  }
  const client = createServiceClient({
    target: 'user-service',
    baseUrl,
    connections: 200,
    bulkhead: { maxConcurrent: 200 },
    auth: clientCredentials({ tokenUrl: `${baseUrl}/token`, clientId: 'bench', clientSecret: 'bench' }),
    operations: { getUser: get('/users/{userId}', response === undefined ? {} : { response }) },
  });
  if (vary.listener) {
    const counts = new Map<string, number>();
    client.on((event) => counts.set(event.type, (counts.get(event.type) ?? 0) + 1));
  }
  return (userId) => client.getUser({ userId });
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
  { name: 'switchgear, and a listener to every event', open: (baseUrl) => switchgear(baseUrl, { listener: true }) },
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
