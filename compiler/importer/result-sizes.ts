/** Sizes of computed values: those that no tensor has, and those that no memory holds. */
import { printShape } from "../ir/dims.js";
import type { Node } from "../ir/types.js";
import { refuse } from "./refusal.js";

/** The most entries of a value: 8 GiB in float32. */
const MAX_ENTRIES = 2 ** 31;

/** Refuses nodes with a result of fractional, negative or too large sizes; a symbol counts as 1. */
export function expectSizes(nodes: readonly Node[]): void {
  for (const { shape } of nodes.flatMap(({ outputs }) => outputs.map(({ type }) => type))) {
    const sizes = shape.filter((dim) => typeof dim === "number");
    if (sizes.some((size) => !Number.isInteger(size) || size < 0))
      refuse(`does not fit: a result has the shape ${printShape(shape)}`);
    const entries = sizes.reduce((product, size) => product * size, 1);
    if (entries > MAX_ENTRIES) refuse(`has a result of more than 8 GiB, ${printShape(shape)}`);
  }
}
