const nothing = (): void => {};

/**
 * Takes what a caller's function answered and nobody waits for. Should it be a promise, its rejection ends here: an
 * async function where a plain one was expected must not end the process.
 */
export function hush(answer: unknown): void {
  if (typeof answer !== 'object' || answer === null) return;
  // By way of a new promise, because even looking at `then` may throw.
  new Promise((resolve) => resolve(answer)).catch(nothing);
}
