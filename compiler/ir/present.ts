/** What must be there, by the rules of what holds it. Where it is not, the compiler is wrong. */

/** An array's entry. */
export function at<T>(items: ArrayLike<T | undefined>, index: number): T {
  return present(items[index], `operand ${index}`);
}

export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is missing`);
  return value;
}
