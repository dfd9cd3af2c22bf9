/** JSON of objects whose keys keep their order: JavaScript puts keys such as "10" first, by number. */

const orderOfKeys = Symbol("order of keys");

/** An object whose entries `entriesInOrder` and `orderedJson` give in this order. */
export function keepOrder<V>(entries: readonly (readonly [string, V])[]): Readonly<Record<string, V>> {
  const keys = [...new Set(entries.map(([key]) => key))];
  return Object.defineProperty(Object.fromEntries(entries), orderOfKeys, { value: keys });
}

/** The entries of an object, in the order of `keepOrder` where it has one. */
export function entriesInOrder(members: object): readonly (readonly [string, unknown])[] {
  const keys: readonly string[] = Reflect.get(members, orderOfKeys) ?? Object.keys(members);
  return keys.map((key) => [key, Reflect.get(members, key)]);
}

/** The entries of several objects as one, those of the first object first. */
export function mergeInOrder(...parts: readonly object[]): Readonly<Record<string, unknown>> {
  return keepOrder(parts.flatMap(entriesInOrder));
}

/** As `JSON.stringify(value, undefined, indent)`, with the entries of `entriesInOrder`. */
export function orderedJson(value: unknown, indent = 0, depth = 0): string {
  if (typeof value !== "object" || value === null || "toJSON" in value) return JSON.stringify(value) ?? "null";
  const list = (items: readonly string[], [open, close]: readonly [string, string]) => {
    const margin = (level: number) => (indent === 0 ? "" : `\n${" ".repeat(indent * level)}`);
    if (items.length === 0) return `${open}${close}`;
    return `${open}${margin(depth + 1)}${items.join(`,${margin(depth + 1)}`)}${margin(depth)}${close}`;
  };
  const inner = (item: unknown) => orderedJson(item, indent, depth + 1);
  if (Array.isArray(value)) return list(value.map(inner), ["[", "]"]);
  const members = entriesInOrder(value).filter(([, member]) => member !== undefined && typeof member !== "function");
  const colon = indent === 0 ? ":" : ": ";
  return list(
    members.map(([key, member]) => `${JSON.stringify(key)}${colon}${inner(member)}`),
    ["{", "}"],
  );
}
