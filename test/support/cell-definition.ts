/** Cell definitions for tests, with the keys that a file may leave out filled in. */
import { readFileSync } from "node:fs";
import { graphBuilder } from "../../compiler/graph/builder.js";
import type { Graph } from "../../compiler/ir/types.js";
import { buildCellStep } from "../../compiler/language/build-step.js";
import { checkDefinition } from "../../compiler/language/check/index.js";
import { builtInFunctions } from "../../compiler/language/functions/index.js";
import { type ResolvedDefinition, resolveDefinition } from "../../compiler/language/resolve.js";
import { declaredShapes } from "../../compiler/language/size-expression.js";
import { builtInCell, builtInCells } from "../../schema/built-in.js";
import type { Report } from "../../schema/diagnostics/index.js";
import type { CellOption, CellVariant, NormalCellDefinition } from "../../schema/normal/index.js";

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
  const complete = {
    description: "",
    options: {},
    inputs: {},
    ...parts,
    equations: [],
    output: "h'",
    onnx: null,
    ...cell,
  };
  return { ...complete, variants: Object.fromEntries(variants) };
}

/** The built-in cells that read x alone. */
export const sequenceCells: readonly string[] = builtInCells().filter(
  (name) => builtInCell(name)?.inputs === undefined,
);

export function builtIn(name: string): NormalCellDefinition {
  const file = new URL(`../../specs/cells/${name}.json`, import.meta.url);
  const { $schema, ...cell } = JSON.parse(readFileSync(file, "utf8"));
  return definition(cell);
}

/** A cell under some options, with the built-in functions. */
export function resolveCell(
  cell: NormalCellDefinition,
  options: Readonly<Record<string, CellOption | object>>,
): ResolvedDefinition {
  return resolveDefinition(cell, options, builtInFunctions);
}

export function checkCell(cell: NormalCellDefinition, path: string, report: Report): boolean {
  return checkDefinition(cell, "cell", builtInFunctions, path, report);
}

/** The sizes of `stepGraph`. */
const sizes = { hidden_size: 4, input_size: 3 };
const fail = (problem: unknown) => {
  throw new Error(JSON.stringify(problem));
};

/** The graph of one step: inputs x, states and parameters; outputs the output and the next states. */
export function stepGraph(partialCell: PartialCell): Graph {
  const cell = resolveCell(definition(partialCell), {});
  const declared = declaredShapes(cell, sizes, "", fail);
  const builder = graphBuilder("step");
  const input = (name: string, shape: readonly (number | string)[]) => builder.input(name, { dtype: "float32", shape });
  const x = input("x", ["batch", 3]);
  const states = Object.fromEntries(
    Object.entries(declared?.states ?? {}).map(([name, shape]) => [name, input(name, ["batch", ...shape])]),
  );
  const parameters = Object.fromEntries(
    Object.entries(declared?.parameters ?? {}).map(([name, shape]) => [name, input(name, shape)]),
  );
  const step = buildCellStep(cell, sizes, builder, { x, states, parameters }, fail, "");
  if (step === undefined) throw new Error("the cell was not lowered");
  return builder.finish([step.output, ...Object.values(step.states)]);
}
