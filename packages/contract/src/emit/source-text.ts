/** How wide a line of what is made may be. */
const widest = 110;

/** A text as a literal of TypeScript. */
export function quoted(text: string): string {
  const json = JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
  if (json.includes("'") || json.includes('\\"')) return json;
  return `'${json.slice(1, -1)}'`;
}

/** A key of an object literal. `__proto__` would set the prototype, so it is computed. */
export function propertyKey(name: string): string {
  if (name === '__proto__') return "['__proto__']";
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

/** A list in brackets: on one line where it fits, else a line each. */
export function bracketed(open: string, items: readonly string[], close: string): string {
  if (items.length === 0) return `${open}${close}`;
  const spaced = open.endsWith('{') ? ' ' : '';
  const oneLine = `${open}${spaced}${items.join(', ')}${spaced}${close}`;
  if (oneLine.length <= widest - 20 && !oneLine.includes('\n')) return oneLine;
  return `${open}\n${items.map((item) => indented(`${item},`)).join('\n')}\n${close}`;
}

/** Every line two spaces further in. */
export function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}

/** A doc comment, or nothing where there is nothing to say. What is said cannot end the comment. */
export function docComment(text: unknown): string {
  if (typeof text !== 'string') return '';
  const lines = text
    .replaceAll('*/', '*\u200b/')
    .split(/\r\n|[\n\r\u2028\u2029]/)
    .map((line) => line.trimEnd());
  while (lines.length > 0 && lines.at(-1) === '') lines.pop();
  while (lines.length > 0 && lines[0] === '') lines.shift();
  if (lines.length === 0) return '';
  if (lines.length === 1) return `/** ${lines[0]?.trim()} */\n`;
  return `/**\n${lines.map((line) => ` * ${line}`.trimEnd()).join('\n')}\n */\n`;
}
