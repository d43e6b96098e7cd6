/** Runs the work of each, in their order and at most so many at a time. Rejects with the first that does. */
export async function sideBySide<T>(
  all: readonly T[],
  most: number,
  run: (one: T, place: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let place = next++; place < all.length; place = next++) await run(all[place] as T, place);
  };
  await Promise.all(Array.from({ length: Math.min(most, all.length) }, lane));
}
