/**
 * One text for one place: `http://Users.test.:80` and `http://users.test` are the same. Whatever is kept per host is
 * kept by this. Letters, `[::1]` in its many spellings and default ports are made one by the URL parser.
 * @throws TypeError if it is no absolute URL.
 */
export function originKey(origin: string | URL): string {
  const { protocol, hostname, port } = new URL(origin);
  // A dot at the end only says that the name is whole.
  const name = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname;
  return `${protocol}//${name}${port === '' ? '' : `:${port}`}`;
}
