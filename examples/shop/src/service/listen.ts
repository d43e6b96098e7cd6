import { OperatorError } from './operator-error.ts';

/** What `listen` needs of a fastify instance. */
export interface Listener {
  listen(options: { readonly host: string; readonly port: number }): Promise<string>;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 lets the operating system choose. */
  readonly port: number;
  /** The variables that hold host and port, so that the message can say what to set. */
  readonly hostVariable: string;
  readonly portVariable: string;
}

/**
 * Starts listening and answers the address, such as `http://127.0.0.1:8081`.
 * @throws OperatorError when the address cannot be had, naming the variable to set.
 */
export async function listen(app: Listener, options: ListenOptions): Promise<string> {
  try {
    return await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    const message = cure(error, options);
    throw message === undefined ? error : new OperatorError(message, { cause: error });
  }
}

function cure(error: unknown, { host, port, hostVariable, portVariable }: ListenOptions): string | undefined {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return `port ${port} is in use: set ${portVariable} or stop the other process`;
    case 'EACCES':
      return `port ${port} needs rights this process does not have: set ${portVariable} to a port above 1023`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `address ${host} is not one of this machine's: set ${hostVariable}`;
    default:
      return undefined;
  }
}
