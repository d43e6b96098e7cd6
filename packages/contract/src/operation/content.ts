import { type ApiDocument, isObject, type Place } from '../document/api-document.ts';

/** What a body is, of the media types that the document offers: the first that we would rather have. */
export interface Content {
  readonly kind: 'json' | 'form' | 'multipart' | 'text' | 'bytes';
  readonly mediaType: string;
  readonly schema: Place;
}

const order = ['json', 'form', 'multipart', 'text', 'bytes'] as const;

/** Chooses among the media types of a body. `undefined` where there is none: nothing is sent, or nothing comes. */
export function contentIn(document: ApiDocument, place: Place): Content | undefined {
  const at = [...place.at, 'content'];
  const offered = document.objectAt(at, isObject(place.value) ? place.value.content : undefined);
  const found = Object.entries(offered).map(([mediaType, value]): Content => {
    const here = [...at, mediaType];
    const { schema } = document.objectAt(here, document.resolved({ at: here, value }).value);
    return { kind: kindOf(mediaType), mediaType, schema: { at: [...here, 'schema'], value: schema } };
  });
  return found.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))[0];
}

function kindOf(mediaType: string): Content['kind'] {
  const name = mediaType.split(';')[0]?.trim().toLowerCase() ?? '';
  if (name === 'application/json' || name.endsWith('+json')) return 'json';
  if (name === 'application/x-www-form-urlencoded') return 'form';
  if (name === 'multipart/form-data') return 'multipart';
  return name.startsWith('text/') ? 'text' : 'bytes';
}
