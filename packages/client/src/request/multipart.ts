import type { ErrorFacts } from '@switchgear/policy';
import { InvalidRequestError } from '../errors.ts';
import { newId } from './ids.ts';
import { isText, scalarText, valuesOf } from './text.ts';

/** A body together with its boundary, which nobody could have put into a part: it has 122 bits of chance. */
export interface Multipart {
  readonly body: Uint8Array;
  readonly contentType: string;
}

/**
 * Writes `multipart/form-data` (RFC 7578). Names and types that could end their header are refused, not mended.
 * @returns A promise when a part is a `Blob`, whose bytes have to be fetched.
 */
export function encodeMultipart(fields: unknown, facts: ErrorFacts): Multipart | Promise<Multipart> {
  const parts = [...partsOf(fields, facts)];
  const boundary = `switchgear-${newId()}`;
  const assemble = (contents: readonly Uint8Array[]): Multipart => {
    const chunks: Uint8Array[] = [];
    for (const [i, { head }] of parts.entries()) {
      chunks.push(Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`), contents[i] as Uint8Array, lineBreak);
    }
    chunks.push(Buffer.from(`--${boundary}--\r\n`));
    return { body: Buffer.concat(chunks), contentType: `multipart/form-data; boundary=${boundary}` };
  };
  const contents = parts.map(({ content }) => content);
  if (contents.every((content) => content instanceof Uint8Array)) return assemble(contents);
  return Promise.all(contents.map(bytesOf)).then(assemble);
}

const lineBreak = Buffer.from('\r\n');

interface ReadPart {
  readonly head: string;
  readonly content: Uint8Array | Blob;
}

async function bytesOf(content: Uint8Array | Blob): Promise<Uint8Array> {
  return content instanceof Uint8Array ? content : new Uint8Array(await content.arrayBuffer());
}

function* partsOf(fields: unknown, facts: ErrorFacts): Generator<ReadPart> {
  if (typeof fields !== 'object' || fields === null) {
    throw new InvalidRequestError(['body: expected parts by name, or a FormData'], facts);
  }
  if (fields instanceof FormData) {
    for (const [name, value] of fields.entries()) yield readPart(name, value, facts);
    return;
  }
  for (const [name, value] of Object.entries(fields)) {
    for (const each of valuesOf(value)) yield readPart(name, each, facts);
  }
}

function readPart(name: string, value: unknown, facts: ErrorFacts): ReadPart {
  const wrong = (problem: string): never => {
    throw new InvalidRequestError([`body.${shortened(name)}: ${problem}`], facts);
  };
  const given: { content: unknown; filename?: unknown; contentType?: unknown } =
    typeof value === 'object' && value !== null && !(value instanceof Blob) && Object.hasOwn(value, 'content')
      ? Object.assign(Object.create(null), value)
      : { content: value };
  const text = scalarText(given.content);
  const content = text === undefined ? given.content : Buffer.from(text);
  if (!(content instanceof Uint8Array) && !(content instanceof Blob)) {
    return wrong('expected text, a number, a flag, bytes, a Blob or a part');
  }
  const filename = given.filename ?? (content instanceof File ? content.name : undefined);
  const isFile = filename !== undefined || text === undefined;
  const contentType =
    given.contentType ??
    (content instanceof Blob && content.type !== '' ? content.type : isFile ? 'application/octet-stream' : undefined);
  if (!isHeaderText(name)) wrong('its name holds a character that a header may not');
  if (filename !== undefined && !isHeaderText(filename)) wrong('its filename holds a character that a header may not');
  if (contentType !== undefined && !(typeof contentType === 'string' && /^[\x20-\x7e]{1,255}$/.test(contentType))) {
    wrong('its content type holds a character that a header may not');
  }
  const file = isFile ? `; filename="${quoted((filename as string | undefined) ?? 'blob')}"` : '';
  const type = contentType === undefined ? '' : `\r\ncontent-type: ${contentType}`;
  return { head: `content-disposition: form-data; name="${quoted(name)}"${file}${type}`, content };
}

/** No control character: a line break would begin a header, or a part. */
function isHeaderText(value: unknown): value is string {
  return isText(value) && !/\p{Cc}/u.test(value);
}

/** As browsers do it: only the quote needs another spelling, once line breaks are out. */
function quoted(value: string): string {
  return value.replaceAll('"', '%22');
}

function shortened(name: string): string {
  return name.replace(/[\p{Cc}\p{Cf}]/gu, '?').slice(0, 64);
}
