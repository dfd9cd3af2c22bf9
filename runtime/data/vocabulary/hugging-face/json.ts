/** Members of tokenizer.json, and the refusal of those whose result would not be that of the file. */
export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export class Unsupported extends Error {}

/** @throws Unsupported */
export function refuse(fault: string): never {
  throw new Unsupported(fault);
}

/** The components of a Sequence under its key, one after the other; one component alone; none for null. */
export function componentsOf(component: unknown, key: string): readonly Json[] {
  if (!isObject(component)) return [];
  const list = component[key];
  if (component.type !== "Sequence") return [component];
  return Array.isArray(list) ? list.filter(isObject).flatMap((each) => componentsOf(each, key)) : [];
}
