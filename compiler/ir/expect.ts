/** Assertions on values that an invariant guarantees. A failure is an error in the compiler, not in the spec. */

/** The entry of an array. Throws where it has none. */
export function at<T>(items: ArrayLike<T | undefined>, index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error(`operand ${index} is missing`);
  return item;
}

/** @param name of the value, for the error. */
export function expectDefined<T>(value: T | null | undefined, name: string): T {
  if (value === undefined || value === null) throw new Error(`${name} is missing`);
  return value;
}
