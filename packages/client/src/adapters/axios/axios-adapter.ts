import { ConfigError } from '@switchgear/policy';
import type { ClientFetch } from '../fetch/client-fetch.ts';
import type { FetchSettings } from '../fetch/fetch-settings.ts';
import { answerOf } from './axios-answer.ts';
import { cancellationOf, failureOf, refusalOf } from './axios-failure.ts';
import type { AxiosAdapterLike, AxiosAnswer, AxiosConfig, AxiosLike, KnownConfig } from './axios-like.ts';
import { requestOf } from './axios-request.ts';

/** What an adapter sends through: a service client. */
export interface AxiosAdapterClient {
  readonly fetch: ClientFetch;
}

/**
 * An adapter for axios that sends through a service client: `axios.create({ adapter: axiosAdapter(users, axios) })`. Code
 * on that instance stays as it is, interceptors and all; its calls get the client's deadline, retries, breaker and token,
 * and go to the client's service alone.
 * @param axios The axios whose instance it is for: its errors are made of that one's classes.
 * @throws ConfigError if one of the two is not what it should be.
 */
export function axiosAdapter(client: AxiosAdapterClient, axios: AxiosLike): AxiosAdapterLike {
  if (typeof client?.fetch !== 'function') throw new ConfigError('axiosAdapter.client', 'a service client', client);
  if (typeof axios?.AxiosError !== 'function' || typeof axios.Axios !== 'function') {
    throw new ConfigError('axiosAdapter.axios', 'the default export of axios', axios);
  }
  return async <C extends AxiosConfig>(config: C): Promise<AxiosAnswer<C>> => {
    // Own properties alone: what someone put on `Object.prototype` is no setting.
    const said: KnownConfig = Object.assign(Object.create(null), config);
    const leave = new Leave(said);
    let answer: AxiosAnswer<C>;
    try {
      const { url, init } = requestOf(said, axios, leave.signal);
      const response = await client.fetch(url, init);
      answer = await answerOf(response, config, said, () => leave.end());
    } catch (error) {
      leave.end();
      if (leave.isReason(error)) throw cancellationOf(error, config, axios);
      throw failureOf(error, config, said, axios);
    }
    const { validateStatus } = said;
    if (typeof validateStatus === 'function' && !validateStatus(answer.status)) throw refusalOf(answer, axios);
    return answer;
  };
}

/**
 * What is said of one request beyond what axios has words for, in the form in which it goes into its config:
 * `api.get('/users/42', requestSettings({ operation: 'getUser' }))`.
 */
export function requestSettings(settings: FetchSettings): AxiosRequestSettings {
  return { switchgear: settings };
}

/** What is put into a config of axios. */
export interface AxiosRequestSettings {
  readonly switchgear: FetchSettings;
  /** Never set. To the compiler, what has nothing in common with a config is a mistake. */
  readonly timeout?: number;
}

/** The two ways in which a caller of axios can leave, as one. */
class Leave {
  readonly signal: AbortSignal | undefined;
  readonly #token: KnownConfig['cancelToken'];
  readonly #onCancel: ((reason: unknown) => void) | undefined;

  constructor({ signal, cancelToken }: KnownConfig) {
    if (cancelToken === undefined || cancelToken === null) {
      this.signal = signal ?? undefined;
      return;
    }
    const controller = new AbortController();
    this.#token = cancelToken;
    this.#onCancel = (reason) => controller.abort(reason);
    cancelToken.subscribe(this.#onCancel);
    this.signal = signal ? AbortSignal.any([signal, controller.signal]) : controller.signal;
  }

  isReason(error: unknown): boolean {
    return this.signal?.aborted === true && this.signal.reason === error;
  }

  end(): void {
    if (this.#onCancel !== undefined) this.#token?.unsubscribe(this.#onCancel);
  }
}
