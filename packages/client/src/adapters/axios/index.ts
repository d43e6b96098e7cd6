export { type AxiosAdapterClient, type AxiosRequestSettings, axiosAdapter, requestSettings } from './axios-adapter.ts';
export type { AxiosAdapterLike, AxiosAnswer, AxiosConfig, AxiosLike } from './axios-like.ts';
