import { type Attributes, context, type Span } from '@opentelemetry/api';
import { exchangeAttributes, exchangeName } from './attributes.ts';
import { foreignExchange } from './exchange-context.ts';

/** Hooks for `@opentelemetry/instrumentation-undici`. */
export interface UndiciHooks {
  readonly startSpanHook: () => Attributes;
  readonly requestHook: (span: Span) => void;
}

/**
 * Where the instrumentation of undici makes the spans of requests: gives them what it cannot know of ours, which are
 * `http.request.resend_count`, `url.template` and a name with the template in it, and takes out of `url.full` and
 * `url.query` what may be a secret. `new UndiciInstrumentation({ ...undiciHooks() })`.
 */
export function undiciHooks(): UndiciHooks {
  return {
    startSpanHook() {
      const exchange = foreignExchange(context.active());
      return exchange === undefined ? {} : { ...exchangeAttributes(exchange.facts), 'url.query': '' };
    },
    requestHook(span) {
      const exchange = foreignExchange(context.active());
      if (exchange === undefined) return;
      exchange.spanId = span.spanContext().spanId;
      span.updateName(exchangeName(exchange.facts));
    },
  };
}
