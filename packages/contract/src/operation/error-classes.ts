import type { Names } from '../emit/names.ts';

/** The classes of domain errors of a module: one for each response of the components, else one per operation and status. */
export class ErrorClasses {
  /** Their declarations. */
  readonly declarations: string[] = [];
  readonly #names: Names;
  readonly #ofComponent = new Map<string, string>();

  constructor(names: Names) {
    this.#names = names;
  }

  /** The class of an answer. @param component The name of the response that several operations share. */
  take(wished: string, component: string | undefined): string {
    const known = component === undefined ? undefined : this.#ofComponent.get(component);
    if (known !== undefined) return known;
    const name = this.#names.take(wished.endsWith('Error') ? wished : `${wished}Error`);
    if (component !== undefined) this.#ofComponent.set(component, name);
    this.declarations.push(`export class ${name} extends DomainError {}`);
    return name;
  }
}
