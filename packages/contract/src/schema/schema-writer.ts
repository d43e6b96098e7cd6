import { type ApiDocument, isObject, type JsonObject, type Place, referenceIn } from '../document/api-document.ts';
import type { Names } from '../emit/names.ts';
import { bracketed, docComment, propertyKey, quoted } from '../emit/source-text.ts';
import { numberSource, stringSource } from './string-source.ts';
import { differsByView, isIn, type View } from './views.ts';

/** Keywords that say something which zod cannot check, or not in one piece. */
const unchecked = [
  'not',
  'if',
  'patternProperties',
  'propertyNames',
  'dependentSchemas',
  'dependentRequired',
  'unevaluatedProperties',
  'unevaluatedItems',
  'contains',
  'uniqueItems',
  'minProperties',
  'maxProperties',
  '$dynamicRef',
] as const;

/** Keywords beside a reference, or beside one `allOf`, that constrain nothing. */
const annotations = new Set(
  'title description default example examples deprecated externalDocs xml readOnly writeOnly $comment summary'.split(
    ' ',
  ),
);

/** A component whose schema is being written. */
interface Open {
  readonly id: string;
  readonly name: string;
  /** How many properties had been entered when it was begun. */
  readonly depth: number;
}

/** The component being written leads back to one that is not done, and not through a property: it has to stand inline. */
class NotByItself extends Error {
  readonly id: string;
  constructor(id: string) {
    super(id);
    this.id = id;
  }
}

/** Writes the schemas of a document as zod schemas; those that have a name become constants of the module. */
export class SchemaWriter {
  /** The constants so far, each after those that it needs. */
  readonly constants: string[] = [];
  /** What the document says and the schemas do not check. */
  readonly notes: string[] = [];
  readonly #document: ApiDocument;
  readonly #names: Names;
  readonly #done = new Map<string, string>();
  readonly #differs = new Map<string, boolean>();
  readonly #open: Open[] = [];
  /** The properties that the writer is inside of; true once something in one can be named only later. */
  readonly #properties: boolean[] = [];
  /** What is being written where it is used. */
  readonly #inlined = new Set<string>();

  constructor(document: ApiDocument, names: Names) {
    this.#document = document;
    this.#names = names;
  }

  /** The source of the schema at a place. */
  write(place: Place, view: View): string {
    const { at, value } = place;
    if (value === true || value === undefined) return 'z.unknown()';
    if (value === false) return 'z.never()';
    if (!isObject(value)) return this.#document.fail(at, 'a schema', value);
    const ref = referenceIn(value);
    if (ref === undefined) return this.#writeHere(value, at, view);
    const target = this.#reference(at, ref, view);
    const beside = Object.keys(value).filter((key) => key !== '$ref' && !annotations.has(key) && !key.startsWith('x-'));
    if (beside.length === 0) return target;
    const { $ref: _, ...rest } = value;
    return `z.intersection(${target}, ${this.#writeHere(rest, at, view)})`;
  }

  /** A schema with a name becomes a constant; any other is written where it is used. */
  #reference(from: readonly string[], ref: string, view: View): string {
    const target = this.#document.target(from, ref);
    const [first, second, name] = target.at;
    if (first !== 'components' || second !== 'schemas' || name === undefined || target.at.length > 3) {
      const id = target.at.join('\n');
      if (this.#inlined.has(id)) this.#document.fail([...from, '$ref'], 'no circle outside of components/schemas', ref);
      this.#inlined.add(id);
      const source = this.write(target, view);
      this.#inlined.delete(id);
      return source;
    }
    const suffix = view === 'request' && this.#differsByView(name, target) ? 'Input' : '';
    const id = `${name}\n${suffix}`;
    const done = this.#done.get(id);
    if (done !== undefined) return done;
    const open = this.#open.find((each) => each.id === id);
    if (open !== undefined) return this.#backTo(open);
    if (this.#inlined.has(id)) {
      this.notes.push(`${this.#document.where([...from, '$ref'])}: leads in two circles at once, so it is not checked`);
      return 'z.unknown()';
    }
    return this.#constant(id, `${name}${suffix}`, target, view);
  }

  #differsByView(name: string, place: Place): boolean {
    const known = this.#differs.get(name);
    if (known !== undefined) return known;
    const differs = differsByView(this.#document, place);
    this.#differs.set(name, differs);
    return differs;
  }

  /** A name that has no value yet can stand in a property that is read later, and nowhere else. */
  #backTo(open: Open): string {
    const current = this.#open.at(-1) as Open;
    if (this.#properties.length > current.depth) {
      this.#properties[this.#properties.length - 1] = true;
      return open.name;
    }
    if (open !== current) throw new NotByItself(current.id);
    return `z.lazy((): z.ZodType<unknown> => ${open.name})`;
  }

  #constant(id: string, wished: string, target: Place, view: View): string {
    const name = this.#names.take(wished);
    const depth = this.#properties.length;
    this.#open.push({ id, name, depth });
    let source: string;
    try {
      source = this.write(target, view);
    } catch (error) {
      this.#open.pop();
      this.#properties.length = depth;
      if (!(error instanceof NotByItself) || error.id !== id) throw error;
      this.#names.release(name);
      // It is written here instead, inside what it leads back to.
      this.#inlined.add(id);
      const inline = this.write(target, view);
      this.#inlined.delete(id);
      return inline;
    }
    this.#open.pop();
    this.#done.set(id, name);
    const said = isObject(target.value) ? docComment(target.value.description ?? target.value.title) : '';
    const isAnyType = source.includes('z.lazy(');
    if (isAnyType) {
      this.notes.push(
        `${this.#document.where(target.at)}: leads back to itself other than through a property, so its type is unknown`,
      );
    }
    const type = isAnyType ? ': z.ZodType<unknown>' : '';
    this.constants.push(
      `${said}export const ${name}${type} = ${source};\nexport type ${name} = z.infer<typeof ${name}>;`,
    );
    return name;
  }

  #writeHere(schema: JsonObject, at: readonly string[], view: View): string {
    for (const keyword of unchecked) {
      if (schema[keyword] === undefined || schema[keyword] === false) continue;
      this.notes.push(`${this.#document.where([...at, keyword])}: not checked`);
    }
    if (Object.hasOwn(schema, 'const')) return this.#literals([schema.const], [...at, 'const']);
    if (schema.enum !== undefined) {
      return this.#literals(this.#document.listAt([...at, 'enum'], schema.enum), [...at, 'enum']);
    }
    const combined = this.#combined(schema, at, view);
    const types = typesOf(schema);
    // Beside a combination only what says something of its own is written.
    if (combined !== undefined && types.length === 0) return combined;
    const own = this.#typed(types, schema, at, view);
    return combined === undefined ? own : `z.intersection(${combined}, ${own})`;
  }

  #literals(values: readonly unknown[], at: readonly string[]): string {
    const simple = values.every((value) => value === null || ['string', 'number', 'boolean'].includes(typeof value));
    if (values.length === 0 || !simple) this.#document.fail(at, 'texts, numbers, flags or null', values);
    const sources = values.map((value) => (typeof value === 'string' ? quoted(value) : String(value)));
    if (sources.length === 1) return sources[0] === 'null' ? 'z.null()' : `z.literal(${sources[0]})`;
    return values.every((value) => typeof value === 'string')
      ? bracketed('z.enum([', sources, '])')
      : bracketed('z.literal([', sources, '])');
  }

  #combined(schema: JsonObject, at: readonly string[], view: View): string | undefined {
    const parts: string[] = [];
    for (const keyword of ['allOf', 'oneOf', 'anyOf'] as const) {
      if (schema[keyword] === undefined) continue;
      const here = [...at, keyword];
      const members = this.#document.listAt(here, schema[keyword]);
      if (members.length === 0) this.#document.fail(here, 'at least one schema', members);
      const places = members.map((value, i): Place => ({ at: [...here, String(i)], value }));
      parts.push(keyword === 'allOf' ? this.#all(places, view) : this.#any(keyword, schema, places, view));
    }
    return parts.length === 0 ? undefined : intersection(parts);
  }

  #all(members: readonly Place[], view: View): string {
    return intersection(members.map((member) => this.write(member, view)));
  }

  #any(keyword: 'oneOf' | 'anyOf', schema: JsonObject, members: readonly Place[], view: View): string {
    const isNull = ({ value }: Place): boolean => isObject(value) && value.type === 'null';
    const rest = members.filter((member) => !isNull(member));
    const sources = rest.map((member) => this.write(member, view));
    const tag = this.#tagOf(schema, rest, view);
    let source = sources[0] ?? 'z.null()';
    if (sources.length > 1) {
      // oneOf asks for exactly one, which `z.xor` checks; a tag tells them apart without trying each.
      const open =
        tag === undefined ? `z.${keyword === 'oneOf' ? 'xor' : 'union'}([` : `z.discriminatedUnion(${quoted(tag)}, [`;
      source = bracketed(open, sources, '])');
    }
    return rest.length < members.length && rest.length > 0 ? `z.nullable(${source})` : source;
  }

  /** The property that tells the members apart, where each says so itself with a value of its own. */
  #tagOf(schema: JsonObject, members: readonly Place[], view: View): string | undefined {
    const tag = isObject(schema.discriminator) ? schema.discriminator.propertyName : undefined;
    if (typeof tag !== 'string') return undefined;
    const values = new Set<unknown>();
    for (const member of members) {
      const { value } = this.#document.resolved(member);
      if (!isObject(value) || !isObject(value.properties) || value.allOf !== undefined) return undefined;
      const property = Object.hasOwn(value.properties, tag) ? value.properties[tag] : undefined;
      if (!isObject(property) || !isIn(view, property)) return undefined;
      if (!Array.isArray(value.required) || !value.required.includes(tag)) return undefined;
      const said = Object.hasOwn(property, 'const') ? [property.const] : property.enum;
      if (!Array.isArray(said) || said.some((each) => values.has(each))) return undefined;
      for (const each of said) values.add(each);
    }
    return tag;
  }

  #typed(types: readonly string[], schema: JsonObject, at: readonly string[], view: View): string {
    const others = types.filter((type) => type !== 'null');
    const sources = others.map((type) => this.#ofType(type, schema, at, view));
    const source =
      sources.length === 0
        ? types.length === 0
          ? 'z.unknown()'
          : 'z.null()'
        : sources.length === 1
          ? (sources[0] as string)
          : bracketed('z.union([', sources, '])');
    return others.length > 0 && others.length < types.length ? `z.nullable(${source})` : source;
  }

  #ofType(type: string, schema: JsonObject, at: readonly string[], view: View): string {
    switch (type) {
      case 'string': {
        const text = stringSource(schema);
        if ('source' in text) return text.source;
        return this.#document.fail([...at, 'pattern'], 'a regular expression', text.badPattern);
      }
      case 'integer':
      case 'number':
        return numberSource(schema, type === 'integer');
      case 'boolean':
        return 'z.boolean()';
      case 'array':
        return this.#array(schema, at, view);
      case 'object':
        return this.#object(schema, at, view);
      default:
        return this.#document.fail([...at, 'type'], 'a type of JSON', type);
    }
  }

  #array(schema: JsonObject, at: readonly string[], view: View): string {
    if (schema.prefixItems !== undefined) {
      const here = [...at, 'prefixItems'];
      const items = this.#document
        .listAt(here, schema.prefixItems)
        .map((value, i) => this.write({ at: [...here, String(i)], value }, view));
      const rest = schema.items === false ? '' : `, ${this.write({ at: [...at, 'items'], value: schema.items }, view)}`;
      return bracketed('z.tuple([', items, `]${rest})`);
    }
    let source = `z.array(${this.write({ at: [...at, 'items'], value: schema.items }, view)})`;
    if (typeof schema.minItems === 'number') source += `.min(${schema.minItems})`;
    if (typeof schema.maxItems === 'number') source += `.max(${schema.maxItems})`;
    return source;
  }

  #object(schema: JsonObject, at: readonly string[], view: View): string {
    const { additionalProperties: more } = schema;
    const here = [...at, 'properties'];
    const properties = this.#document.objectAt(here, schema.properties);
    const required = new Set(this.#document.listAt([...at, 'required'], schema.required));
    const fields = Object.entries(properties)
      .filter(([, property]) => isIn(view, property))
      .map(([name, value]) => this.#field(name, { at: [...here, name], value }, required.has(name), view));
    const unnamed = [...required].filter((name) => typeof name === 'string' && !Object.hasOwn(properties, name));
    for (const name of unnamed) fields.push(`${propertyKey(name as string)}: z.unknown()`);
    const rest = isObject(more) ? this.write({ at: [...at, 'additionalProperties'], value: more }, view) : undefined;
    if (rest !== undefined) {
      return fields.length === 0
        ? `z.record(z.string(), ${rest})`
        : bracketed('z.object({', fields, `}).catchall(${rest})`);
    }
    if (fields.length === 0 && more !== false) return 'z.record(z.string(), z.unknown())';
    const open = more === false ? 'z.strictObject({' : more === true ? 'z.looseObject({' : 'z.object({';
    return bracketed(open, fields, '})');
  }

  #field(name: string, place: Place, isRequired: boolean, view: View): string {
    this.#properties.push(false);
    const written = this.write(place, view);
    const isLater = this.#properties.pop() as boolean;
    const source = isRequired ? written : isLater ? `z.optional(${written})` : `${written}.optional()`;
    const said = isObject(place.value) && place.value.$ref === undefined ? docComment(place.value.description) : '';
    const key = propertyKey(name);
    return said + (isLater ? `get ${key}() {\n  return ${source.replaceAll('\n', '\n  ')};\n}` : `${key}: ${source}`);
  }
}

/** The types that a schema names, or shows by what it says. */
function typesOf(schema: JsonObject): readonly string[] {
  const { type } = schema;
  if (typeof type === 'string') return [type];
  if (Array.isArray(type)) return type.map(String);
  if (schema.properties !== undefined || schema.additionalProperties !== undefined || schema.required !== undefined)
    return ['object'];
  if (schema.items !== undefined || schema.prefixItems !== undefined) return ['array'];
  return [];
}

function intersection(parts: readonly string[]): string {
  return parts.reduce((all, part) => `z.intersection(${all}, ${part})`);
}
