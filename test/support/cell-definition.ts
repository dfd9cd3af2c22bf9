/** Cell definitions for tests, with the keys that a file may leave out filled in. */
import { readFileSync } from "node:fs";
import type { CellVariant, NormalCellDefinition } from "../../schema/normal/index.js";

/** As a file has it: every key but those of the equations may be left out, in the cell and in its variants. */
export type PartialCell = Partial<Omit<NormalCellDefinition, "variants">> & {
  readonly variants?: Readonly<Record<string, Readonly<Record<string, Partial<CellVariant>>>>>;
};

export function definition(cell: PartialCell): NormalCellDefinition {
  const parts = { state: {}, parameters: {}, initializers: {} };
  const variants = Object.entries(cell.variants ?? {}).map(([option, values]) => {
    const full = Object.entries(values).map(([value, variant]) => [
      value,
      { ...parts, equations: null, output: null, onnx: {}, ...variant },
    ]);
    return [option, Object.fromEntries(full)];
  });
  const complete = { description: "", options: {}, ...parts, equations: [], output: "h'", onnx: null, ...cell };
  return { ...complete, variants: Object.fromEntries(variants) };
}

export function builtIn(name: string): NormalCellDefinition {
  const file = new URL(`../../specs/cells/${name}.json`, import.meta.url);
  const { $schema, ...cell } = JSON.parse(readFileSync(file, "utf8"));
  return definition(cell);
}
