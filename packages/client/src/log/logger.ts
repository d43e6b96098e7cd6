/** What lines are written to: facts and a message, as `pino` and its like take them. */
export interface EventLogger {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export type LogLevel = keyof EventLogger;

/** A line that is to be written. */
export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}
