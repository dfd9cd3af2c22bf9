/** `rnnx inspect --explain`: a cell's equations, its gradient, and what the compiler made of its loops. */
import type { Analysis } from "../../../compiler/compile.js";
import type { Explanation } from "../../../compiler/inspect/explain.js";
import type { ResolvedCell } from "../../../compiler/language/resolve-cell.js";
import type { Signature } from "../../../compiler/signature.js";
import { suggestion } from "../../../schema/diagnostics/suggest.js";
import type { NormalSpec } from "../../../schema/normal/index.js";
import { formatInteger } from "../../../views/format.js";
import { reportInvalidInput } from "../../errors.js";
import { exitCodes } from "../../exit-codes.js";
import type { Output } from "../../output.js";

export async function printCellExplanation(
  output: Output,
  spec: NormalSpec,
  { expected }: Signature,
  { parameters }: Analysis,
  name: string,
): Promise<number> {
  const uses = spec.model.flatMap((layer) =>
    layer.layer === "rnn"
      ? layer.cells.map((cellUse, index) => ({ name: `${layer.name}/${index}`, layer, index, use: cellUse }))
      : [],
  );
  const selected = uses.find(
    (candidate) => candidate.name === name || (candidate.index === 0 && candidate.layer.name === name),
  );
  if (selected === undefined) {
    const names = uses.map((candidate) => candidate.name);
    reportInvalidInput(output, "unknown-cell", `the model has no cell "${name}"`, suggestion(name, names, "Its cells"));
    return exitCodes.invalidInput;
  }
  const [{ resolveCell }, { explainCell }] = await Promise.all([
    import("../../../compiler/language/resolve-cell.js"),
    import("../../../compiler/inspect/explain.js"),
  ]);
  const { use: cellUse, layer, index } = selected;
  const definition = spec.cells[cellUse.cell];
  if (definition === undefined) throw new Error(`The spec uses a cell "${cellUse.cell}" that it does not hold.`);
  const cell = resolveCell(definition, cellUse);
  const parameterPrefix = `${layer.weights ?? layer.name}/${layer.share_weights ? 0 : index}`;
  const sizes = {
    hidden_size: cellUse.hidden_size,
    input_size: inferInputSize(cell, parameterPrefix, parameters.tensors) ?? cellUse.hidden_size,
  };
  const explanation = explainCell(cell, sizes, { expected: new Map(Object.entries(expected)) });
  const { equations } = cell;
  output.record({ event: "result", name: selected.name, cell: cellUse.cell, ...sizes, equations, ...explanation });
  output.print(explanationText(output, `${selected.name}: ${cellUse.cell}`, cell, sizes, explanation));
  return exitCodes.success;
}

/** The width of what the cell reads, as its own tensors have it; undefined where none says it. */
function inferInputSize(
  { parameters }: ResolvedCell,
  parameterPrefix: string,
  tensors: readonly { readonly name: string; readonly shape: readonly number[] }[],
): number | undefined {
  for (const [name, shape] of Object.entries(parameters)) {
    const axis = shape.indexOf("input_size");
    const match = tensors.find(
      (tensor) => tensor.name.startsWith(`${parameterPrefix}/`) && tensor.name.endsWith(`/${name}`),
    );
    if (axis >= 0 && match !== undefined) return match.shape[axis];
  }
  return undefined;
}

function explanationText(
  { colors }: Output,
  title: string,
  cell: ResolvedCell,
  sizes: { readonly hidden_size: number; readonly input_size: number },
  { gradient, hoisted, forward, between, backward, sunk, before }: Explanation,
): string {
  const { bold, dim } = colors.print;
  const shape = (dims: readonly (number | string)[]) => `[${dims.join(", ")}]`;
  const section = (heading: string, note: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", `${bold(heading)}  ${dim(note)}`, ...lines.map((line) => `  ${line}`)];
  const operationCounts = (from: number, to: number) =>
    `${formatInteger(to)} operations a step; ${formatInteger(from)} before the passes`;
  return [
    bold(title),
    dim(`input_size ${sizes.input_size}, hidden_size ${sizes.hidden_size}`),
    ...section(
      "states",
      "carried from step to step",
      Object.entries(cell.state).map(([name, size]) => `${name} [${size}]`),
    ),
    ...section(
      "parameters",
      "",
      Object.entries(cell.parameters).map(([name, dims]) => `${name} ${shape(dims)}`),
    ),
    ...section("equations", "as the spec has them", cell.equations),
    ...section("gradient", "of one step: dh' is the derivative of the loss by h', and so on", gradient),
    ...section("hoisted", "out of the forward loop: once, over all steps", hoisted),
    ...section("forward loop", operationCounts(before.forward, forward.operations), forward.lines),
    ...section("between", "of the forward loop's values, over all steps", between),
    ...section(
      "backward loop",
      `from the last step to the first; ${operationCounts(before.backward, backward.operations)}`,
      backward.lines,
    ),
    ...section("sunk", "out of the backward loop: once, over all steps", sunk),
    "",
    dim(
      "x[t] is a step's slice of x; stack keeps a value of every step; flat puts all steps of all sequences in one matrix.",
    ),
    dim("The loops as nodes: rnnx inspect SPEC --stage optimized."),
  ].join("\n");
}
