/** The sizes of arrays that are fed, by the names that ports have for them. */
import type { Port } from "../../compiler/artifact.js";
import type { Feeds } from "./runner.js";

export type SymbolSizes = ReadonlyMap<string, number>;

/** What the symbols in the shapes of ports stand for. */
export function symbolSizesOf(ports: readonly Port[], feeds: Feeds): SymbolSizes {
  const sizes = new Map<string, number>();
  for (const { name, shape } of ports) {
    shape.forEach((dim, axis) => {
      const size = feeds[name]?.dims[axis];
      if (typeof dim === "string" && size !== undefined) sizes.set(dim, size);
    });
  }
  return sizes;
}
