import { ConfigError } from '@switchgear/policy';

/**
 * A URL that a setting gives.
 * @throws ConfigError if it is not absolute, not http or https, or carries credentials, a query or a fragment. The
 * error does not show it: a URL is where people keep passwords.
 */
export function httpUrl(path: string, given: string | URL): URL {
  if (!URL.canParse(String(given))) throw new ConfigError(path, 'an absolute URL', 'text that is not one');
  const url = new URL(given);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new ConfigError(path, 'http or https', url.protocol);
  if (url.username !== '' || url.password !== '') throw new ConfigError(path, 'no credentials in the URL', 'some');
  if (url.search !== '' || url.hash !== '') throw new ConfigError(path, 'no query or fragment in the URL', 'one');
  return url;
}
