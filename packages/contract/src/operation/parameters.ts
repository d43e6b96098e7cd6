import { type ApiDocument, isObject, type JsonObject, type Place } from '../document/api-document.ts';
import { camel } from '../emit/names.ts';
import { bracketed, docComment, propertyKey, quoted } from '../emit/source-text.ts';
import type { SchemaWriter } from '../schema/schema-writer.ts';

/** The parameters of an operation, as options of its definition. */
export interface Parameters {
  /** The path, its holes named as the client names them. */
  readonly path: string;
  /** `params`, `query` and `headers`, as far as there are any. */
  readonly options: readonly string[];
  /** Whether it takes an `Idempotency-Key`, which the client makes. */
  readonly takesKey: boolean;
}

interface Parameter {
  readonly name: string;
  readonly place: Place;
  readonly said: JsonObject;
}

/** Sent by the client itself, or none of a contract's business (OpenAPI 3.1, 4.8.12.1). */
const notOurs = new Set(
  `accept content-type authorization host connection content-length transfer-encoding keep-alive te trailer upgrade expect
  proxy-authorization traceparent tracestate x-request-id cookie`.split(/\s+/),
);

/** How a list is written in a query; an exploded one repeats the name, as the client does by itself. */
const separators: Readonly<Record<string, string>> = { form: ',', spaceDelimited: ' ', pipeDelimited: '|' };

/**
 * Reads the parameters of an operation, those of its path included.
 * @param at Where the operation stands.
 */
export function readParameters(
  document: ApiDocument,
  schemas: SchemaWriter,
  template: string,
  at: readonly string[],
  places: readonly Place[],
): Parameters {
  const by = new Map<string, Parameter & { readonly in: string }>();
  for (const place of places) {
    const found = document.resolved(place);
    const said = document.objectAt(found.at, found.value);
    if (typeof said.name !== 'string') document.fail([...found.at, 'name'], 'a name', said.name);
    if (typeof said.in !== 'string')
      document.fail([...found.at, 'in'], "'path', 'query', 'header' or 'cookie'", said.in);
    // The operation's own stands in place of the path's.
    by.set(`${said.in}\n${said.name}`, { in: said.in, name: said.name, place: found, said });
  }
  const all = [...by.values()];
  const of = (where: string): readonly Parameter[] => all.filter((parameter) => parameter.in === where);
  const keys = of('header').filter(({ name }) => name.toLowerCase() === 'idempotency-key');
  const headers = of('header').filter(({ name, place }) => {
    const isOurs = !notOurs.has(name.toLowerCase()) && name.toLowerCase() !== 'idempotency-key';
    const isSilent = ['accept', 'content-type', 'authorization', 'idempotency-key'].includes(name.toLowerCase());
    if (!isOurs && !isSilent)
      schemas.notes.push(`${document.where(place.at)}: left out: the client sets ${name} itself`);
    return isOurs;
  });
  for (const { place, name } of of('cookie')) {
    schemas.notes.push(`${document.where(place.at)}: left out: the cookie ${name}; a service client keeps none`);
  }

  const { path, holes } = holesIn(document, template, of('path'), at);
  const options = [
    object(
      'params',
      holes.map(({ hole, parameter }) => field(document, schemas, parameter, hole, true)),
    ),
    object(
      'query',
      of('query').map((parameter) => field(document, schemas, parameter, parameter.name, false)),
    ),
    object(
      'headers',
      headers.map((parameter) => field(document, schemas, parameter, parameter.name, false)),
    ),
  ];
  return { path, options: options.filter((option) => option !== undefined), takesKey: keys.length > 0 };
}

function object(name: string, fields: readonly (string | undefined)[]): string | undefined {
  const there = fields.filter((each) => each !== undefined);
  return there.length === 0 ? undefined : bracketed(`${name}: z.object({`, there, '})');
}

function holesIn(
  document: ApiDocument,
  template: string,
  parameters: readonly Parameter[],
  at: readonly string[],
): { path: string; holes: readonly { hole: string; parameter: Parameter }[] } {
  const holes: { hole: string; parameter: Parameter }[] = [];
  const path = template.replaceAll(/\{([^{}]*)\}/g, (_, name: string) => {
    const parameter = parameters.find((each) => each.name === name);
    if (parameter === undefined) return document.fail(at, `a path parameter called ${name}`, template);
    // `user-id` is no name of the client's; `body`, `query` and `headers` are the other parts of an input.
    const plain = /^[A-Za-z_]\w*$/.test(name) ? name : camel(name);
    const hole = ['body', 'query', 'headers'].includes(plain) ? `${plain}Param` : plain;
    holes.push({ hole, parameter });
    return `{${hole}}`;
  });
  return { path, holes };
}

function field(
  document: ApiDocument,
  schemas: SchemaWriter,
  { name, place, said }: Parameter,
  as: string,
  isPath: boolean,
): string | undefined {
  const isRequired = said.required === true || isPath;
  const style = said.style ?? (said.in === 'query' ? 'form' : 'simple');
  const known =
    said.in === 'query' ? typeof style === 'string' && Object.hasOwn(separators, style) : style === 'simple';
  if (!known || said.content !== undefined || said.allowReserved === true) {
    const what = said.content !== undefined ? 'content' : known ? 'allowReserved' : 'style';
    if (isRequired) document.fail([...place.at, what], 'a parameter that is written as text', said[what]);
    schemas.notes.push(
      `${document.where([...place.at, what])}: left out: ${name}, which is optional, is not written as text`,
    );
    return undefined;
  }
  const schema: Place = { at: [...place.at, 'schema'], value: said.schema };
  let source = schemas.write(schema, 'request');
  const isList = isArray(document, schema);
  const exploded = said.explode ?? style === 'form';
  if (isList && (said.in !== 'query' || exploded !== true)) {
    const separator = said.in === 'query' ? (separators[style as string] as string) : ',';
    source = `${source}.transform((values) => values.join(${quoted(separator)}))`;
  }
  return `${docComment(said.description)}${propertyKey(as)}: ${source}${isRequired ? '' : '.optional()'}`;
}

function isArray(document: ApiDocument, schema: Place): boolean {
  const { value } = document.resolved(schema);
  return isObject(value) && (value.type === 'array' || (value.type === undefined && value.items !== undefined));
}
