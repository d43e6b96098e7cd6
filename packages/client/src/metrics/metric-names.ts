import { BoundedNames } from './bounded-names.ts';

/** The labels whose values are not ours to list, each kept few. One for all clients whose metrics are kept together. */
export class MetricNames {
  readonly target: BoundedNames;
  readonly operation: BoundedNames;
  readonly template: BoundedNames;
  readonly host: BoundedNames;
  readonly breaker: BoundedNames;
  readonly errorType: BoundedNames;

  /** @param max Values that each of them tells apart. */
  constructor(max: number) {
    this.target = new BoundedNames(max);
    this.operation = new BoundedNames(max);
    this.template = new BoundedNames(max);
    this.host = new BoundedNames(max);
    this.breaker = new BoundedNames(max);
    this.errorType = new BoundedNames(max);
  }
}

/** How many values a label may have that contracts and resolvers name, unless told otherwise. */
export const defaultMaxNames = 200;
