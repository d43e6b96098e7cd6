import { OperatorError } from '../service/operator-error.ts';

/** The environment as Node gives it; a test hands in a plain object. */
export type EnvironmentSource = Readonly<Record<string, string | undefined>>;

/** One wrong variable. `got` never holds the value of a secret. */
export interface EnvironmentProblem {
  readonly name: string;
  readonly expected: string;
  readonly got: string;
}

type Reading<T> =
  | { readonly ok: true; readonly value: T; readonly developmentDefault?: true }
  | { readonly ok: false; readonly expected: string; readonly got: string };

/** How one variable is read. An empty string counts as unset, which is what `NAME=` in an env file means. */
export interface Variable<T> {
  readonly name: string;
  read(raw: string | undefined, production: boolean): Reading<T>;
}

type Variables = Readonly<Record<string, Variable<unknown>>>;
type ValuesOf<V extends Variables> = { readonly [K in keyof V]: V[K] extends Variable<infer T> ? T : never };

export interface EnvironmentValues<V extends Variables> {
  readonly values: ValuesOf<V>;
  /** Names of the variables that fell back to a default fit for development only. */
  readonly developmentDefaults: readonly string[];
}

/** Lists every wrong variable at once, so that nobody mends a configuration one restart at a time. */
export class EnvironmentError extends OperatorError {
  override readonly name = 'EnvironmentError';
  readonly problems: readonly EnvironmentProblem[];

  constructor(problems: readonly EnvironmentProblem[]) {
    const count = problems.length === 1 ? '1 environment variable is' : `${problems.length} environment variables are`;
    const lines = problems.map(({ name, expected, got }) => `  ${name}: expected ${expected}, got ${got}`);
    super(`${count} wrong:\n${lines.join('\n')}`);
    this.problems = problems;
  }
}

/**
 * Reads the named variables. Production means `NODE_ENV=production`.
 * @throws EnvironmentError listing every variable that is missing or wrong.
 */
export function readEnvironment<const V extends Variables>(
  source: EnvironmentSource,
  variables: V,
): EnvironmentValues<V> {
  const production = source.NODE_ENV === 'production';
  const problems: EnvironmentProblem[] = [];
  const developmentDefaults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, variable] of Object.entries(variables)) {
    const raw = source[variable.name];
    const reading = variable.read(raw === '' ? undefined : raw, production);
    if (reading.ok) {
      values[key] = reading.value;
      if (reading.developmentDefault) developmentDefaults.push(variable.name);
    } else {
      problems.push({ name: variable.name, expected: reading.expected, got: reading.got });
    }
  }
  if (problems.length > 0) throw new EnvironmentError(problems);
  return { values: values as ValuesOf<V>, developmentDefaults };
}

/** A whole number within `min` and `max`, both included. Required unless it has a default. */
export function integer(
  name: string,
  range: { readonly min: number; readonly max: number; readonly default?: number },
): Variable<number> {
  const expected = `an integer from ${range.min} to ${range.max}`;
  return withDefault(
    name,
    range.default,
    (raw) => {
      const value = Number(raw);
      const fits = /^-?\d+$/.test(raw) && value >= range.min && value <= range.max;
      return fits ? { ok: true, value } : { ok: false, expected, got: shown(raw) };
    },
    expected,
  );
}

/** Any text that is not empty. Required unless it has a default. */
export function text(name: string, options: { readonly default?: string } = {}): Variable<string> {
  return withDefault(name, options.default, (raw) => ({ ok: true, value: raw }), 'a text that is not empty');
}

/** One of a few words. `developmentOnly` words are refused in production. Required unless it has a default. */
export function oneOf<const W extends string>(
  name: string,
  words: readonly W[],
  options: { readonly default?: NoInfer<W>; readonly developmentOnly?: readonly NoInfer<W>[] } = {},
): Variable<W> {
  const expected = `one of ${words.join(', ')}`;
  return withDefault(
    name,
    options.default,
    (raw, production) => {
      const word = words.find((candidate) => candidate === raw);
      if (word === undefined) return { ok: false, expected, got: shown(raw) };
      if (production && options.developmentOnly?.includes(word)) {
        return { ok: false, expected: `anything but ${word} when NODE_ENV=production`, got: shown(raw) };
      }
      return { ok: true, value: word };
    },
    expected,
  );
}

/** An absolute URL of one of the given schemes. Its value is never shown, for it may carry a password. */
export function url(
  name: string,
  options: { readonly schemes: readonly string[]; readonly default?: string },
): Variable<string> {
  const expected = `a URL such as ${options.schemes[0]}://host:port`;
  return withDefault(
    name,
    options.default,
    (raw) => {
      const scheme = URL.canParse(raw) ? new URL(raw).protocol.slice(0, -1) : undefined;
      if (scheme !== undefined && options.schemes.includes(scheme)) return { ok: true, value: raw };
      return { ok: false, expected, got: scheme === undefined ? HIDDEN_VALUE : `a ${scheme} URL` };
    },
    expected,
  );
}

/**
 * A secret, never shown. In production it must be set and must differ from its development default: a default that is
 * written in the source protects nothing.
 */
export function secret(
  name: string,
  options: { readonly minBytes: number; readonly developmentDefault?: string },
): Variable<string> {
  const expected = `a secret of at least ${options.minBytes} bytes`;
  return {
    name,
    read: (raw, production) => {
      if (raw === undefined) {
        const fallback = production ? undefined : options.developmentDefault;
        return fallback === undefined
          ? { ok: false, expected, got: 'nothing' }
          : { ok: true, value: fallback, developmentDefault: true };
      }
      if (production && raw === options.developmentDefault) {
        return { ok: false, expected: `${expected} of your own`, got: 'the development default' };
      }
      return Buffer.byteLength(raw) >= options.minBytes
        ? { ok: true, value: raw }
        : { ok: false, expected, got: 'a shorter one (hidden)' };
    },
  };
}

/** Turns a required variable into one that may be absent. */
export function optional<T>(variable: Variable<T>): Variable<T | undefined> {
  return {
    name: variable.name,
    read: (raw, production) => (raw === undefined ? { ok: true, value: undefined } : variable.read(raw, production)),
  };
}

const HIDDEN_VALUE = 'a value that is not one (hidden)';

function withDefault<T>(
  name: string,
  fallback: T | undefined,
  read: (raw: string, production: boolean) => Reading<T>,
  expected: string,
): Variable<T> {
  return {
    name,
    read: (raw, production) => {
      if (raw !== undefined) return read(raw, production);
      return fallback === undefined ? { ok: false, expected, got: 'nothing' } : { ok: true, value: fallback };
    },
  };
}

function shown(raw: string): string {
  return JSON.stringify(raw.length > 80 ? `${raw.slice(0, 80)}…` : raw);
}
