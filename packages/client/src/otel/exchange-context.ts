import { type Context, createContextKey } from '@opentelemetry/api';
import type { ExchangeToTrace } from '../trace/tracing.ts';

/** A request that somebody else makes the span of. */
export interface ForeignExchange {
  readonly facts: ExchangeToTrace;
  /** Its span, once it is known. */
  spanId: string | undefined;
}

const key = createContextKey('switchgear exchange');

export function withForeignExchange(context: Context, exchange: ForeignExchange): Context {
  return context.setValue(key, exchange);
}

/** The request that is being sent here, if it is one of ours and its span somebody else's. */
export function foreignExchange(context: Context): ForeignExchange | undefined {
  return context.getValue(key) as ForeignExchange | undefined;
}
