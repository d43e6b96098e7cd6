import type { CallOptions, Operation } from './call.ts';

/**
 * Something that runs an operation and makes it survive. `F` is what it may answer in the operation's stead; most
 * policies never do.
 */
export interface Policy<F = never> {
  /** For the compiler alone: a generic method does not let it infer `F`. */
  readonly '~answers'?: () => F;
  /** Which policy it is, such as `retry`. */
  readonly name: string;
  /** Runs the operation under this policy. Pass the `call` an outer policy handed you to stay within its deadline. */
  execute<T>(operation: Operation<T>, call?: CallOptions): Promise<T | F>;
  /** Its settings in a line, for `pipeline.describe()`. */
  describe(): string;
}

/** What a policy may answer in the operation's stead. One that says nothing of it answers nothing. */
export type FallbackOf<P> = P extends { readonly '~answers'?: (() => infer F) | undefined }
  ? '~answers' extends keyof P
    ? F
    : never
  : never;
