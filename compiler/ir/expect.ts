/** What must be there, by the rules of what holds it. Where it is not, the compiler is wrong. */

/** An array's entry. */
export function at<T>(items: ArrayLike<T | undefined>, index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error(`operand ${index} is missing`);
  return item;
}

export function expectDefined<T>(value: T | null | undefined, what: string): T {
  if (value === undefined || value === null) throw new Error(`${what} is missing`);
  return value;
}
