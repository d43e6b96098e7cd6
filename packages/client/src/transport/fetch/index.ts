export type { FetchLike } from './fetch-exchange.ts';
export { fetchTransport } from './fetch-transport.ts';
