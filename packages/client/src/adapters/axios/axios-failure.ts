import { isSwitchgearError, type SwitchgearError } from '@switchgear/policy';
import { codesOf } from '../../classify/transport-failure.ts';
import {
  ConnectError,
  ConnectionLostError,
  DnsError,
  InvalidRequestError,
  InvalidResponseError,
  RedirectRefusedError,
  ResponseTooLargeError,
  TlsError,
} from '../../errors.ts';
import { LongerThanAllowed } from './axios-answer.ts';
import type { AxiosAnswer, AxiosLike, KnownConfig } from './axios-like.ts';
import { UnfitConfig } from './axios-request.ts';

/** The error of a call that came to nothing, with the code that axios would have and ours as its cause. */
export function failureOf(error: unknown, config: unknown, said: KnownConfig, axios: AxiosLike): Error {
  if (error instanceof UnfitConfig) return axiosError(axios, error.message, error.code, config, undefined, undefined);
  if (error instanceof LongerThanAllowed) {
    return axiosError(axios, error.message, 'ERR_BAD_RESPONSE', config, undefined, undefined);
  }
  const cause = error instanceof Error ? error.cause : undefined;
  if (!isSwitchgearError(cause)) {
    // The web's own refusal of an argument; it may show what was refused.
    return axiosError(axios, 'the request cannot be made', 'ERR_BAD_OPTION_VALUE', config, undefined, undefined);
  }
  const isOutOfTime = cause.code === 'SWITCHGEAR_DEADLINE_EXCEEDED' || cause.code === 'SWITCHGEAR_ATTEMPT_TIMEOUT';
  const message = isOutOfTime && said.timeoutErrorMessage ? said.timeoutErrorMessage : cause.message;
  return axiosError(axios, message, isOutOfTime ? timeoutCode(said) : codeOf(cause), config, undefined, cause);
}

/** The error of an answer whose status `validateStatus` does not take. */
export function refusalOf<C>(answer: AxiosAnswer<C>, axios: AxiosLike): Error {
  const { status, config } = answer;
  const code = status >= 400 && status < 500 ? 'ERR_BAD_REQUEST' : 'ERR_BAD_RESPONSE';
  return axiosError(axios, `Request failed with status code ${status}`, code, config, answer, undefined);
}

/** The error of a call that its caller has left. */
export function cancellationOf(reason: unknown, config: unknown, { CanceledError }: AxiosLike): Error {
  // A cancel token brings the error along.
  if (reason instanceof CanceledError) return reason;
  return withoutSecrets(new CanceledError(undefined, config as never), undefined, reason);
}

/**
 * An error of the user's axios. What code reads, it finds: `config`, `response`, `code`, `status`. A log does not: axios's
 * own shows all headers of the request, credentials too.
 */
function axiosError(
  { AxiosError }: AxiosLike,
  message: string,
  code: string,
  config: unknown,
  response: unknown,
  cause: SwitchgearError | undefined,
): Error {
  const error = new AxiosError(message, code, config as never, undefined, response as never);
  return withoutSecrets(error, cause, cause);
}

function withoutSecrets(error: Error, shown: SwitchgearError | undefined, cause: unknown): Error {
  for (const name of ['config', 'request', 'response']) {
    if (Object.hasOwn(error, name)) Object.defineProperty(error, name, { enumerable: false });
  }
  if (cause !== undefined) Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true });
  const facts = (): Record<string, unknown> => {
    const { name, message, code, status } = error as Error & { code?: string; status?: number };
    return { name, message, code, status, cause: shown?.toJSON() };
  };
  Object.defineProperty(error, 'toJSON', { value: facts, configurable: true, writable: true });
  return error;
}

function timeoutCode({ transitional }: KnownConfig): string {
  return transitional?.clarifyTimeoutError === true ? 'ETIMEDOUT' : 'ECONNABORTED';
}

/** What axios calls it, where axios has a word for it; what only we have, such as an open circuit, keeps its own. */
function codeOf(cause: SwitchgearError): string {
  if (cause instanceof InvalidRequestError) {
    return cause.issues.some((issue) => issue.startsWith('url:')) ? 'ERR_INVALID_URL' : 'ERR_BAD_OPTION_VALUE';
  }
  if (cause instanceof RedirectRefusedError) return 'ERR_FR_TOO_MANY_REDIRECTS';
  if (cause instanceof ResponseTooLargeError || cause instanceof InvalidResponseError) return 'ERR_BAD_RESPONSE';
  const isOfNetwork =
    cause instanceof ConnectError ||
    cause instanceof ConnectionLostError ||
    cause instanceof DnsError ||
    cause instanceof TlsError;
  if (!isOfNetwork) return cause.code;
  const code = codesOf(cause.cause).at(-1) ?? '';
  // undici says of a connection that was closed what Node says by a reset.
  if (code === 'UND_ERR_SOCKET') return 'ECONNRESET';
  return /^[A-Z][A-Z\d_]+$/.test(code) && !code.startsWith('UND_ERR') ? code : 'ERR_NETWORK';
}
