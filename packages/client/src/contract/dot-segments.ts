// Servers and proxies differ in how often they decode, so an encoded dot or slash counts as what it stands for.

/** Whether a text is a dot segment, however it is written: where it stands in a path, it is a way up. */
export function isDotSegment(text: string): boolean {
  const decoded = decodeRepeatedly(text);
  return decoded === '.' || decoded === '..';
}

/** Whether a text holds a dot segment between slashes, of either kind and however they are written, or is one. */
export function holdsDotSegment(text: string): boolean {
  return /(^|[/\\])\.{1,2}($|[/\\])/.test(decodeRepeatedly(text));
}

function decodeRepeatedly(text: string): string {
  let decoded = text;
  for (let i = 0; i < 3 && decoded.includes('%'); i++) {
    const once = decoded.replace(/%(2e|2f|5c|25)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    if (once === decoded) break;
    decoded = once;
  }
  return decoded;
}
