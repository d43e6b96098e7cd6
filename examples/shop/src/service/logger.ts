import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface ServiceLoggerOptions {
  readonly service: string;
  readonly level: LogLevel;
  /** Values that must never be written, wherever they turn up: the process's own secrets. */
  readonly secrets?: readonly string[];
  /** Where lines go. @default standard output */
  readonly destination?: DestinationStream;
}

const HIDDEN = '[hidden]';

const SENSITIVE_KEYS = [
  'authorization',
  'cookie',
  '["set-cookie"]',
  '["proxy-authorization"]',
  'access_token',
  'accessToken',
  'refresh_token',
  'token',
  'client_secret',
  'clientSecret',
  'signingSecret',
  'secret',
  'password',
  'email',
];

/** Every sensitive key at the top of a line and up to two objects deep, where `headers` and `body` sit. */
const REDACTED_PATHS = SENSITIVE_KEYS.flatMap((key) => {
  const tail = key.startsWith('[') ? key : `.${key}`;
  return [key, `*${tail}`, `*.*${tail}`];
});

/**
 * Patterns for what no key betrays: text inside messages, URLs and driver errors. The counts are bounded so that a
 * hostile line costs linear time.
 */
const SENSITIVE_TEXT: readonly (readonly [RegExp, string])[] = [
  [/(Bearer|Basic) +[\w.~+/=-]{1,4096}/gi, `$1 ${HIDDEN}`],
  [/eyJ[\w-]{1,4096}\.[\w-]{1,4096}\.[\w-]{0,4096}/g, HIDDEN],
  [/\/\/[^\s/"\\:@]{0,128}:[^\s/"\\@]{1,256}@/g, `//${HIDDEN}@`],
  [/[^\s"\\<>()=:,;@/]{1,64}(?:@|%40)[^\s"\\<>()=:,;@/]{1,253}\.[^\s"\\<>()=:,;@/]{1,63}/g, HIDDEN],
];

/**
 * A JSON logger that hides credentials and e-mail addresses twice: by key, where the shape is known, and by pattern on
 * the finished line, because an address also travels inside error messages and URLs.
 */
export function createLogger(options: ServiceLoggerOptions): Logger {
  const secrets = (options.secrets ?? []).filter((secret) => secret !== '').map(asInsideJson);
  const settings: LoggerOptions = {
    name: options.service,
    level: options.level,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: REDACTED_PATHS, censor: HIDDEN },
    serializers: { err: describeError },
    hooks: { streamWrite: (line) => scrub(line, secrets) },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}

/** Hides secrets and personal addresses in a finished line. */
export function scrub(line: string, secrets: readonly string[] = []): string {
  let clean = line;
  for (const secret of secrets) clean = clean.replaceAll(secret, HIDDEN);
  for (const [pattern, replacement] of SENSITIVE_TEXT) clean = clean.replace(pattern, replacement);
  return clean;
}

interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: DescribedError;
}

/**
 * Only these fields of an error are logged. The usual serializer copies every property, and a database driver keeps the
 * offending row in one of them.
 */
function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    ...(error.stack !== undefined && { stack: error.stack }),
    ...(error.cause !== undefined && depth < 4 && { cause: describeError(error.cause, depth + 1) }),
  };
}

function asInsideJson(secret: string): string {
  return JSON.stringify(secret).slice(1, -1);
}
