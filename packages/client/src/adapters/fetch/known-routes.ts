import type { OperationDefinition } from '../../contract/operation.ts';

interface Route {
  readonly name: string;
  readonly definition: OperationDefinition;
  /** `undefined` is a hole. */
  readonly segments: readonly (string | undefined)[];
}

/** An operation of the contract that a request turns out to be. */
export type KnownRoute = Pick<Route, 'name' | 'definition'>;

/** The operations of a contract, found by a method and a path: what a `fetch` asks for has a name, too. */
export class KnownRoutes {
  /** By method and number of segments; those with fewer holes first, so that `/users/me` is not taken for `/users/{id}`. */
  readonly #routes = new Map<string, Route[]>();

  constructor(operations: Readonly<Record<string, OperationDefinition>>) {
    for (const [name, definition] of Object.entries(operations)) {
      const segments = segmentsOf(definition.path.template).map((each) => (each.startsWith('{') ? undefined : each));
      const key = keyOf(definition.method, segments.length);
      const known = this.#routes.get(key) ?? [];
      this.#routes.set(
        key,
        [...known, { name, definition, segments }].sort((a, b) => holesIn(a) - holesIn(b)),
      );
    }
  }

  /** @param path Encoded, beneath the base URL, with or without a query. */
  find(method: string, path: string): KnownRoute | undefined {
    const segments = segmentsOf(path.split('?', 1)[0] as string);
    const routes = this.#routes.get(keyOf(method, segments.length));
    return routes?.find((route) =>
      route.segments.every((each, i) => each === segments[i] || isFilled(each, segments[i])),
    );
  }
}

function isFilled(expected: string | undefined, given: string | undefined): boolean {
  return expected === undefined && given !== '';
}

function holesIn({ segments }: Route): number {
  return segments.filter((each) => each === undefined).length;
}

function segmentsOf(path: string): string[] {
  return path.split('/').slice(1);
}

function keyOf(method: string, count: number): string {
  return `${method} ${count}`;
}
