/** The sizes that the inputs of a layer's equations define: a size by a new name is that of the input. */
import type { EquationDefinition } from "../../schema/normal/index.js";
import type { Dim } from "../ir/types.js";
import type { Scope } from "./scope.js";

/**
 * The sizes of a use with those of the inputs in addition to x.
 *
 * @param widths of these inputs; before any use they are symbols.
 */
export function withInputSizes<Sizes extends Scope["sizes"]>(
  { inputs = {}, options }: Pick<EquationDefinition, "inputs" | "options">,
  sizes: Sizes,
  widths: Readonly<Record<string, Dim>> = {},
): Sizes {
  const defined: Record<string, Dim> = {};
  for (const [name, size] of Object.entries(inputs)) {
    const isName = typeof size === "string" && /^[A-Za-z_]\w*$/.test(size);
    if (!isName || Object.hasOwn(sizes, size) || Object.hasOwn(options, size) || Object.hasOwn(defined, size)) continue;
    defined[size] = widths[name] ?? size;
  }
  return { ...sizes, ...defined };
}
