// What axios looks like, as far as an adapter speaks to it. Said here once more because an adapter belongs to whichever
// axios its user has, an ES module or a CommonJS one: their classes differ, and `instanceof` is to hold.

/** The default export of axios. What it makes of its own objects is its own affair, so they are `never` to us. */
export interface AxiosLike {
  readonly AxiosError: new (
    message?: string,
    code?: string,
    config?: never,
    request?: never,
    response?: never,
  ) => Error;
  readonly CanceledError: new (message?: string, config?: never, request?: never) => Error;
  readonly Axios: new () => { getUri(config?: never): string };
}

/** What a request is made of, once axios has put it together. Read by own properties alone. */
export interface AxiosConfig {
  readonly url?: string | undefined;
  readonly method?: string | undefined;
  readonly headers?: unknown;
  readonly data?: unknown;
}

/** What axios takes for an answer. */
export interface AxiosAnswer<C> {
  /** As `responseType` has it; `transformResponse` makes the rest of it. */
  data: unknown;
  status: number;
  statusText: string;
  /** By lower-case name. */
  headers: Record<string, string>;
  config: C;
  request: null;
}

/** An adapter, as axios calls it. */
export type AxiosAdapterLike = <C extends AxiosConfig>(config: C) => Promise<AxiosAnswer<C>>;

/** Every setting of axios that is read here, and those of ours. */
export interface KnownConfig {
  readonly url?: string;
  readonly baseURL?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, unknown>> & { toJSON?(asStrings?: boolean): Record<string, unknown> };
  readonly data?: unknown;
  readonly auth?: { readonly username?: string; readonly password?: string };
  readonly timeout?: number | string;
  readonly timeoutErrorMessage?: string;
  readonly transitional?: { readonly clarifyTimeoutError?: boolean };
  readonly responseType?: string;
  readonly responseEncoding?: string;
  readonly validateStatus?: ((status: number) => boolean) | null;
  readonly maxRedirects?: number;
  readonly maxContentLength?: number;
  readonly maxBodyLength?: number;
  readonly signal?: AbortSignal;
  readonly cancelToken?: CancelTokenLike;
  readonly switchgear?: unknown;
  readonly [other: string]: unknown;
}

/** axios's own way to leave, from before there were signals. */
export interface CancelTokenLike {
  readonly reason?: unknown;
  subscribe(listener: (reason: unknown) => void): void;
  unsubscribe(listener: (reason: unknown) => void): void;
}
