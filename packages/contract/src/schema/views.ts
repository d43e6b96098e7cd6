import { type ApiDocument, isObject, type Place, referenceIn } from '../document/api-document.ts';

/** Which side a schema is seen from: what is read-only is in no request, what is write-only in no answer. */
export type View = 'request' | 'response';

/** Whether a property is there on this side. */
export function isIn(view: View, property: unknown): boolean {
  if (!isObject(property)) return true;
  return view === 'request' ? property.readOnly !== true : property.writeOnly !== true;
}

/** Whether a schema is another one in requests than in answers: something in it is for one side alone. */
export function differsByView(document: ApiDocument, schema: Place): boolean {
  const seen = new Set<unknown>();
  const visit = (value: unknown, at: readonly string[]): boolean => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return false;
    seen.add(value);
    if (Array.isArray(value)) return value.some((each, i) => visit(each, [...at, String(i)]));
    const ref = referenceIn(value);
    if (ref !== undefined) {
      const target = document.target(at, ref);
      if (visit(target.value, target.at)) return true;
    }
    const { properties } = value as { properties?: unknown };
    if (
      isObject(properties) &&
      Object.values(properties).some((each) => !isIn('request', each) || !isIn('response', each))
    )
      return true;
    return Object.entries(value).some(
      ([key, each]) => key !== 'example' && key !== 'examples' && visit(each, [...at, key]),
    );
  };
  return visit(schema.value, schema.at);
}
