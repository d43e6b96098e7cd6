import { type ApiDocument, isObject, type JsonObject, type Place } from '../document/api-document.ts';
import { camel } from '../emit/names.ts';
import { bracketed, docComment, propertyKey, quoted } from '../emit/source-text.ts';
import type { SchemaWriter } from '../schema/schema-writer.ts';
import { readAnswers } from './answers.ts';
import { contentIn } from './content.ts';
import type { ErrorClasses } from './error-classes.ts';
import { readExtension } from './extension.ts';
import { readParameters } from './parameters.ts';

/** The client's word for each method; the others of OpenAPI are no operations of a service client. */
const makers = {
  get: 'get',
  head: 'head',
  query: 'query',
  post: 'post',
  put: 'put',
  patch: 'patch',
  delete: 'del',
} as const;
type MethodKey = keyof typeof makers;

/** What a client has beside its operations, so that no operation can be called so. */
const controls = new Set('target on snapshot describe explain close then fetch operator capabilities'.split(' '));

/** The operations of a document. */
export interface ReadOperations {
  /** `name: get('/path', { … })`, an entry each. */
  readonly entries: readonly string[];
  /** The makers that are used. */
  readonly makers: ReadonlySet<string>;
}

/** Reads every operation of a document. */
export function readOperations(document: ApiDocument, schemas: SchemaWriter, classes: ErrorClasses): ReadOperations {
  const entries: string[] = [];
  const used = new Set<string>();
  const names = new Map<string, readonly string[]>();
  for (const [template, item] of Object.entries(document.objectAt(['paths'], document.root.paths))) {
    const itemPlace = document.resolved({ at: ['paths', template], value: item });
    const shared = document.objectAt(itemPlace.at, itemPlace.value);
    checkPath(document, itemPlace.at, template);
    for (const [method, value] of Object.entries(shared)) {
      const at = [...itemPlace.at, method];
      if (method === 'options' || method === 'trace') schemas.notes.push(`${document.where(at)}: left out`);
      if (!Object.hasOwn(makers, method)) continue;
      const said = document.objectAt(at, value);
      const name = nameOf(document, at, said, method, template);
      const other = names.get(name);
      if (other !== undefined)
        document.fail(at, `a name of its own; ${document.where(other)} is ${name} too`, said.operationId);
      names.set(name, at);
      used.add(makers[method as MethodKey]);
      entries.push(
        entry(document, schemas, classes, name, method as MethodKey, template, at, said, [
          ...places(document, itemPlace.at, shared.parameters),
          ...places(document, at, said.parameters),
        ]),
      );
    }
  }
  if (entries.length === 0) document.fail(['paths'], 'at least one operation', document.root.paths);
  return { entries, makers: used };
}

function places(document: ApiDocument, at: readonly string[], parameters: unknown): Place[] {
  const here = [...at, 'parameters'];
  return document.listAt(here, parameters).map((value, i) => ({ at: [...here, String(i)], value }));
}

/** A parameter fills a whole segment for the client, so that no value can lead elsewhere. */
function checkPath(document: ApiDocument, at: readonly string[], template: string): void {
  const isFit = template
    .split('/')
    .every((segment) => /^\{[^{}]+\}$/.test(segment) || /^[A-Za-z0-9\-._~!$&'()*+,;=:@]*$/.test(segment));
  if (!template.startsWith('/') || !isFit) {
    document.fail(at, 'a path that begins with / and whose parameters are whole segments', template);
  }
}

function nameOf(
  document: ApiDocument,
  at: readonly string[],
  said: JsonObject,
  method: string,
  template: string,
): string {
  const { operationId } = said;
  if (operationId !== undefined && typeof operationId !== 'string')
    document.fail([...at, 'operationId'], 'a text', operationId);
  const made = camel(operationId ?? `${method} ${template.replaceAll(/\{([^{}]*)\}/g, 'by $1')}`);
  if (made === '') document.fail([...at, 'operationId'], 'letters or digits', operationId);
  return controls.has(made) ? `${made}Operation` : made;
}

function entry(
  document: ApiDocument,
  schemas: SchemaWriter,
  classes: ErrorClasses,
  name: string,
  method: MethodKey,
  template: string,
  at: readonly string[],
  said: JsonObject,
  parameterPlaces: readonly Place[],
): string {
  const extension = readExtension(document, [...at, 'x-switchgear'], said['x-switchgear']);
  const { path, options, takesKey } = readParameters(document, schemas, template, at, parameterPlaces);
  const all = [
    ...options,
    ...body(document, schemas, method, [...at, 'requestBody'], said.requestBody),
    ...readAnswers(
      document,
      schemas,
      classes,
      name,
      method.toUpperCase(),
      [...at, 'responses'],
      said,
      extension.values,
    ),
    ...extension.options,
    ...(takesKey || extension.idempotencyKey ? ['idempotencyKey: true'] : []),
  ];
  const comment = docComment(said.summary ?? said.description);
  const call = `${makers[method]}(${quoted(path)}`;
  return `${comment}${propertyKey(name)}: ${all.length === 0 ? `${call})` : `${call}, ${bracketed('{', all, '})')}`}`;
}

function body(
  document: ApiDocument,
  schemas: SchemaWriter,
  method: MethodKey,
  at: readonly string[],
  given: unknown,
): string[] {
  if (given === undefined) return [];
  const place = document.resolved({ at, value: given });
  const content = contentIn(document, place);
  if (content === undefined) return [];
  if (method === 'get' || method === 'head') {
    schemas.notes.push(`${document.where(at)}: left out: ${method.toUpperCase()} has no body`);
    return [];
  }
  const { kind, mediaType, schema } = content;
  const isOptional = isObject(place.value) && place.value.required !== true;
  if (kind === 'json' || kind === 'form') {
    const source = schemas.write(schema, 'request');
    const options = [`body: ${isOptional ? `${source}.optional()` : source}`];
    if (kind === 'form') options.push("bodyAs: 'form'");
    else if (mediaType !== 'application/json') options.push(`contentType: ${quoted(mediaType)}`);
    return options;
  }
  const options = [`bodyAs: '${kind}'`];
  const isPlain = mediaType === 'text/plain' || mediaType === 'application/octet-stream' || mediaType.includes('*');
  if (kind !== 'multipart' && !isPlain) options.push(`contentType: ${quoted(mediaType)}`);
  return options;
}
