/** The part of a process that a crash touches; a test hands in its own. */
export interface CrashProcess {
  on(event: 'uncaughtException', run: (error: unknown) => void): unknown;
  exit(code: number): void;
}

/**
 * Has the last words of a process go through its logger, where secrets are hidden, and ends it with 1: after an error
 * nobody caught, the state in memory is not to be trusted. Rejections nobody handles arrive here too.
 */
export function logCrashes(
  logger: { fatal(facts: object, message: string): void },
  host: CrashProcess = process,
): void {
  host.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'crashed');
    host.exit(1);
  });
}
