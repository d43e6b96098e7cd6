import type { ErrorFacts } from '@switchgear/policy';
import type { BodyKind } from '../contract/operation.ts';
import { InvalidRequestError } from '../errors.ts';
import { encodeMultipart } from './multipart.ts';
import { isText, scalarText, valuesOf } from './text.ts';
import { isStreamSource, isUsed, Upload } from './upload.ts';

/** What goes onto the wire, and its media type where that is known only now. */
export interface EncodedBody {
  readonly body: Uint8Array | Upload | undefined;
  readonly contentType?: string | undefined;
}

/** The media type of each kind. That of a multipart body names its boundary, which every request has of its own. */
export const contentTypes: Readonly<Record<BodyKind, string | undefined>> = {
  json: 'application/json',
  text: 'text/plain;charset=utf-8',
  bytes: 'application/octet-stream',
  form: 'application/x-www-form-urlencoded;charset=utf-8',
  multipart: undefined,
  stream: 'application/octet-stream',
};

const encoder = new TextEncoder();

/** Writes a body that has been checked. @throws InvalidRequestError, which never shows the body. */
export function encodeBody(kind: BodyKind, value: unknown, facts: ErrorFacts): EncodedBody | Promise<EncodedBody> {
  const wrong = (expected: string): never => {
    throw new InvalidRequestError([`body: expected ${expected}`], facts);
  };
  switch (kind) {
    case 'json':
      return { body: value === undefined ? undefined : encoder.encode(stringify(value, facts)) };
    case 'text':
      return { body: encoder.encode(isText(value) ? value : wrong('a text, without half of a surrogate pair')) };
    case 'bytes':
      return { body: value instanceof Uint8Array ? value : wrong('bytes') };
    case 'form':
      return { body: encoder.encode(encodeForm(value, facts)) };
    case 'multipart':
      return encodeMultipart(value, facts);
    case 'stream':
      if (!isStreamSource(value)) return wrong('a stream, or a function that makes one');
      return isUsed(value) ? wrong('a stream of which nothing has been read') : { body: new Upload(value) };
  }
}

function stringify(body: unknown, facts: ErrorFacts): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(body);
  } catch {
    throw new InvalidRequestError(['body: cannot be written as JSON'], facts);
  }
  if (json === undefined) throw new InvalidRequestError(['body: cannot be written as JSON'], facts);
  return json;
}

function encodeForm(fields: unknown, facts: ErrorFacts): string {
  if (typeof fields !== 'object' || fields === null) {
    throw new InvalidRequestError(['body: expected values by name'], facts);
  }
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const each of valuesOf(value)) {
      const text = scalarText(each);
      if (text === undefined || !isText(name)) {
        throw new InvalidRequestError([`body.${name.toWellFormed()}: expected text, a number or a flag`], facts);
      }
      form.append(name, text);
    }
  }
  return form.toString();
}
