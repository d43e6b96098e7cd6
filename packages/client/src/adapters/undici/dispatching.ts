// What undici's dispatchers, handlers and controllers look like, 7.30 and 8 alike. Said here once more because an
// interceptor belongs to whichever undici its user has: it must load none itself.

/** A request as it is handed to a dispatcher. */
export interface DispatchOptions {
  readonly origin?: string | URL;
  readonly path: string;
  readonly method: string;
  readonly body?: unknown;
  readonly headers?: unknown;
  readonly upgrade?: boolean | string | null;
}

/** How a handler holds on to its request. */
export interface DispatchController {
  readonly aborted: boolean;
  readonly paused: boolean;
  readonly reason: Error | null;
  rawHeaders?: unknown;
  rawTrailers?: unknown;
  abort(reason: Error): void;
  pause(): void;
  resume(): void;
}

/** By lower-case name. A header that came more than once is a list. */
export type DispatchHeaders = Record<string, string | string[] | undefined>;

/** Who hears what becomes of a request. */
export interface DispatchHandler {
  onRequestStart?(controller: DispatchController, context: unknown): void;
  onRequestUpgrade?(controller: DispatchController, status: number, headers: DispatchHeaders, socket: unknown): void;
  onResponseStart?(controller: DispatchController, status: number, headers: DispatchHeaders, message?: string): void;
  onResponseData?(controller: DispatchController, chunk: Buffer): void;
  onResponseEnd?(controller: DispatchController, trailers: DispatchHeaders): void;
  onResponseError?(controller: DispatchController, error: Error): void;
  onResponseStarted?(): void;
  onBodySent?(chunk: Buffer): void;
  onRequestSent?(): void;
}

// A method, because that is what it is in undici's types: the two are compared as methods are.
interface Dispatching {
  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean;
}

/** A dispatcher's `dispatch`. */
export type Dispatch = Dispatching['dispatch'];
