import type { Attributes } from '@opentelemetry/api';
import type { CallFinished, ExchangeFinished } from '../events.ts';
import { addressOf, errorTypeOf, methodLabel } from '../metrics/request-labels.ts';
import type { CallToTrace, ExchangeToTrace } from '../trace/tracing.ts';

/** The name of the span of a call. */
export function callName({ target, operation }: CallToTrace): string {
  return `${target}.${operation}`;
}

export function callAttributes({ target, operation, template, requestId }: CallToTrace): Attributes {
  return {
    'switchgear.target': target,
    'switchgear.operation': operation,
    'switchgear.request_id': requestId,
    'url.template': template,
  };
}

export function callEndAttributes({ attempts, fate, hedges, retries }: CallFinished): Attributes {
  return {
    'switchgear.fate': fate,
    'switchgear.attempts': attempts,
    'switchgear.retries': retries,
    'switchgear.hedges': hedges,
  };
}

/** The name of the span of a request. */
export function exchangeName({ method, template }: ExchangeToTrace): string {
  const known = methodLabel(method);
  return `${known === '_OTHER' ? 'HTTP' : known} ${template}`;
}

/** What is known of a request before it is sent. */
export function exchangeAttributes(exchange: ExchangeToTrace): Attributes {
  const { attempt, host, kind, method, resends, template } = exchange;
  const { address, port } = addressOf(host);
  const known = methodLabel(method);
  return {
    'http.request.method': known,
    ...(known !== method && { 'http.request.method_original': method }),
    'server.address': address,
    ...(port !== undefined && { 'server.port': Number(port) }),
    'url.scheme': host.slice(0, host.indexOf(':')),
    // With the parameters as they stand in the contract, and no query: a URL can hold what must not be in a trace.
    'url.full': `${host}${template}`,
    'url.template': template,
    ...(resends > 0 && { 'http.request.resend_count': resends }),
    'switchgear.attempt': attempt,
    'switchgear.attempt.kind': kind,
  };
}

/** What is known of it once it is over. */
export function exchangeEndAttributes(exchange: ExchangeFinished): Attributes {
  const { protocol, status } = exchange;
  const errorType = errorTypeOf(exchange);
  return {
    ...(status !== undefined && { 'http.response.status_code': status }),
    ...(errorType !== undefined && { 'error.type': errorType }),
    ...(protocol !== undefined && { 'network.protocol.version': protocol }),
    ...(exchange.cancelled && { 'switchgear.cancelled': true }),
  };
}
