/** The document cannot be made into a contract; the message says where, what was expected and what is there. */
export class ContractError extends Error {
  override readonly name = 'ContractError';
  /** A line per fault. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}
