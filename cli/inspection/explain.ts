/** `rnnx inspect --explain`: a cell's equations, its gradient, and what the compiler made of its loops. */
import type { Analysis } from "../../compiler/compile.js";
import type { Explanation } from "../../compiler/explain.js";
import type { ResolvedCell } from "../../compiler/language/cell.js";
import type { Signature } from "../../compiler/signature.js";
import type { NormalSpec } from "../../schema/normal.js";
import { suggestion } from "../../schema/wording.js";
import { exit } from "../exit.js";
import { refuse } from "../failures.js";
import { count } from "../numbers.js";
import type { Output } from "../output.js";

export async function explain(
  output: Output,
  spec: NormalSpec,
  { expected }: Signature,
  { parameters }: Analysis,
  name: string,
): Promise<number> {
  const uses = spec.model.flatMap((layer) =>
    layer.layer === "rnn"
      ? layer.cells.map((use, index) => ({ name: `${layer.name}/${index}`, layer, index, use }))
      : [],
  );
  const chosen = uses.find((one) => one.name === name || (one.index === 0 && one.layer.name === name));
  if (chosen === undefined) {
    const names = uses.map((one) => one.name);
    refuse(output, "unknown-cell", `the model has no cell "${name}"`, suggestion(name, names, "Its cells"));
    return exit.wrongInput;
  }
  const [{ resolveCell }, { explainCell }] = await Promise.all([
    import("../../compiler/language/cell.js"),
    import("../../compiler/explain.js"),
  ]);
  const { use, layer, index } = chosen;
  const definition = spec.cells[use.cell];
  if (definition === undefined) throw new Error(`The spec uses a cell "${use.cell}" that it does not hold.`);
  const cell = resolveCell(definition, use);
  const owner = `${layer.weights ?? layer.name}/${layer.share_weights ? 0 : index}`;
  const sizes = {
    hidden_size: use.hidden_size,
    input_size: inputSize(cell, owner, parameters.tensors) ?? use.hidden_size,
  };
  const explanation = explainCell(cell, sizes, { expected: new Map(Object.entries(expected)) });
  const { equations } = cell;
  output.record({ event: "result", name: chosen.name, cell: use.cell, ...sizes, equations, ...explanation });
  output.print(text(output, `${chosen.name}: ${use.cell}`, cell, sizes, explanation));
  return exit.done;
}

/** The width of what the cell reads, as its own tensors have it; undefined where none says it. */
function inputSize(
  { parameters }: ResolvedCell,
  owner: string,
  tensors: readonly { readonly name: string; readonly shape: readonly number[] }[],
): number | undefined {
  for (const [name, shape] of Object.entries(parameters)) {
    const axis = shape.indexOf("input_size");
    const found = tensors.find((tensor) => tensor.name.startsWith(`${owner}/`) && tensor.name.endsWith(`/${name}`));
    if (axis >= 0 && found !== undefined) return found.shape[axis];
  }
  return undefined;
}

function text(
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
  const fewer = (from: number, to: number) => `${count(to)} operations a step; ${count(from)} before the passes`;
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
    ...section("forward loop", fewer(before.forward, forward.operations), forward.lines),
    ...section("between", "of the forward loop's values, over all steps", between),
    ...section(
      "backward loop",
      `from the last step to the first; ${fewer(before.backward, backward.operations)}`,
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
