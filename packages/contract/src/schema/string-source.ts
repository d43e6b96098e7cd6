import type { JsonObject } from '../document/api-document.ts';

/** What zod has for a format. Others are words for people: a format is an annotation. */
const formats: Readonly<Record<string, string>> = {
  email: 'z.email()',
  uuid: 'z.uuid()',
  uri: 'z.url()',
  url: 'z.url()',
  hostname: 'z.hostname()',
  ipv4: 'z.ipv4()',
  ipv6: 'z.ipv6()',
  date: 'z.iso.date()',
  'date-time': 'z.iso.datetime({ offset: true })',
  duration: 'z.iso.duration()',
  byte: 'z.base64()',
  base64url: 'z.base64url()',
};

/** The schema of a text. @returns The source, or what is wrong with its pattern. */
export function stringSource(schema: JsonObject): { readonly source: string } | { readonly badPattern: string } {
  let source = typeof schema.format === 'string' ? (own(formats, schema.format) ?? 'z.string()') : 'z.string()';
  if (typeof schema.minLength === 'number') source += `.min(${schema.minLength})`;
  if (typeof schema.maxLength === 'number') source += `.max(${schema.maxLength})`;
  if (typeof schema.pattern === 'string') {
    const pattern = patternSource(schema.pattern);
    if (pattern === undefined) return { badPattern: schema.pattern };
    source += `.regex(${pattern})`;
  }
  return { source };
}

/** JSON Schema asks for the `u` flag; patterns written without it in mind get none. */
function patternSource(pattern: string): string | undefined {
  for (const flags of ['u', '']) {
    try {
      return String(new RegExp(pattern, flags));
    } catch {
      // The other flags may take it.
    }
  }
  return undefined;
}

/** The schema of a number. */
export function numberSource(schema: JsonObject, isWhole: boolean): string {
  let source = isWhole ? (schema.format === 'int32' ? 'z.int32()' : 'z.int()') : 'z.number()';
  const bounds = [
    ['minimum', 'gte'],
    ['exclusiveMinimum', 'gt'],
    ['maximum', 'lte'],
    ['exclusiveMaximum', 'lt'],
    ['multipleOf', 'multipleOf'],
  ] as const;
  for (const [keyword, method] of bounds) {
    const bound = schema[keyword];
    if (typeof bound === 'number') source += `.${method}(${bound})`;
  }
  return source;
}

function own<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}
