import { STATUS_CODES } from 'node:http';
import { type ApiDocument, type JsonObject, type Place, referenceIn } from '../document/api-document.ts';
import { pascal } from '../emit/names.ts';
import { bracketed } from '../emit/source-text.ts';
import type { SchemaWriter } from '../schema/schema-writer.ts';
import { type Content, contentIn } from './content.ts';
import type { ErrorClasses } from './error-classes.ts';

/** Statuses about the way and not about the matter: what they mean is settled by the client. */
const notDomain: ReadonlySet<string> = new Set(['401', '408', '421', '425', '429']);

interface Answer {
  readonly status: string;
  readonly place: Place;
  readonly content: Content | undefined;
  /** The name of the component that it is, if it is one. */
  readonly component: string | undefined;
}

/** What an operation answers, as options of its definition: `response` or `results`, `responseAs`, `errors`. */
export function readAnswers(
  document: ApiDocument,
  schemas: SchemaWriter,
  classes: ErrorClasses,
  operation: string,
  method: string,
  at: readonly string[],
  said: JsonObject,
  values: ReadonlySet<string>,
): string[] {
  const answers = Object.entries(document.objectAt(at, said.responses)).map(([status, value]): Answer => {
    const place = document.resolved({ at: [...at, status], value });
    const ref = referenceIn(value);
    const component = ref?.startsWith('#/components/responses/') ? ref.split('/').at(-1) : undefined;
    return { status, place, component, content: method === 'HEAD' ? undefined : contentIn(document, place) };
  });
  const good = answers.filter(({ status }) => /^2(\d\d|XX)$/.test(status));
  const isNo = ({ status }: Answer): boolean => /^4\d\d$/.test(status) && !notDomain.has(status);
  const asValues = answers.filter((answer) => isNo(answer) && values.has(answer.status));
  const asErrors = answers.filter((answer) => isNo(answer) && !values.has(answer.status));
  const strange = [...values].find((status) => !asValues.some((answer) => answer.status === status));
  if (strange !== undefined) {
    document.fail(
      at,
      `an answer ${strange} of 400 to 499, as x-switchgear.values names it`,
      Object.keys(said.responses ?? {}),
    );
  }

  const options = bodies(document, schemas, good, asValues, at);
  const errors = asErrors.map(({ status, component }) => {
    const wished = component === undefined ? `${pascal(operation)}${reason(status)}` : pascal(component);
    return `${status}: ${classes.take(wished, component)}`;
  });
  if (errors.length > 0) options.push(bracketed('errors: {', errors, '}'));
  return options;
}

/** What is read of an answer that says yes, and of those that are values although they say no. */
function bodies(
  document: ApiDocument,
  schemas: SchemaWriter,
  good: readonly Answer[],
  asValues: readonly Answer[],
  at: readonly string[],
): string[] {
  const kinds = new Set(good.flatMap(({ content }) => (content === undefined ? [] : [content.kind])));
  const [kind = 'json'] = kinds;
  if (kinds.size > 1) document.fail(at, 'answers of one kind (JSON, text or bytes)', [...kinds]);
  const sourceOf = ({ content }: Answer): string =>
    content === undefined
      ? "'none'"
      : content.kind === 'json'
        ? schemas.write(content.schema, 'response')
        : 'z.unknown()';
  if (kind !== 'json') {
    const readAs = kind === 'text' ? 'text' : 'bytes';
    if (asValues.length > 0) document.fail(at, 'no values beside an answer that is not JSON', kind);
    return [`responseAs: '${readAs}'`];
  }
  const exact = good.filter(({ status }) => status !== '2XX');
  const sources = good.map(sourceOf);
  if (asValues.length === 0) {
    if (good.length === 0) {
      schemas.notes.push(`${document.where(at)}: no answer from 200 to 299, so what comes is not checked`);
      return [];
    }
    if (new Set(sources).size === 1) return sources[0] === 'z.unknown()' ? [] : [`response: ${sources[0]}`];
  }
  if (exact.length < good.length) document.fail(at, 'a status each where answers differ', '2XX');
  return [
    bracketed(
      'results: {',
      [...good, ...asValues].map((answer) => `${answer.status}: ${sourceOf(answer)}`),
      '}',
    ),
  ];
}

/** The name of a status as a word: 404 is `NotFound`. */
function reason(status: string): string {
  const words = STATUS_CODES[status];
  return words === undefined ? `Status${status}` : pascal(words.replaceAll("'", ''));
}
