/** Methods that may be done twice: RFC 9110, 9.2.2, and QUERY. Of one that is not known, nobody can say. */
const repeatable: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY', 'PUT', 'DELETE']);

/** Whether a request may be sent again for what its method says alone. */
export function isRepeatable(method: string): boolean {
  return repeatable.has(method);
}
