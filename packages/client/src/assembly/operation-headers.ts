import type { OperationOptions } from '../contract/operation.ts';
import { hasBody } from '../contract/operation-checks.ts';
import { contentTypes } from '../request/body.ts';

/** What an operation sends with every call, beside what all of them do. */
export function headersFor(
  options: OperationOptions,
  ofClient: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const { bodyAs = 'json', contentType = contentTypes[bodyAs], responseAs = 'json' } = options;
  const headers = new Map([['accept', responseAs === 'json' ? 'application/json' : '*/*'], ...ofClient]);
  if (contentType !== undefined && hasBody(options)) headers.set('content-type', contentType);
  return headers;
}
