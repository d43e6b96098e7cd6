import type { RawResponse } from './raw.ts';

const header = 'x-should-retry';

/** Says at once that the request is not to be sent again, whatever is going to be answered. */
export function stopRetriesNow(response: RawResponse): void {
  if (!response.headersSent) response.setHeader(header, 'false');
}

/**
 * Says so if it is a failure that is going to be answered. Whether it is one is known when its head is written, and not
 * before; so this stands in front of whatever writes it. Only a response that may fail pays for it.
 */
export function stopRetriesOfFailure(response: RawResponse): void {
  const { writeHead } = response;
  response.writeHead = (status: number, ...more: never[]): unknown => {
    const isFailure = status >= 500 || status === 429;
    // Whoever has said something about retries knows best.
    if (isFailure && !response.headersSent && !response.hasHeader(header)) response.setHeader(header, 'false');
    return Reflect.apply(writeHead, response, [status, ...more]);
  };
}
