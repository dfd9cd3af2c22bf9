/** `rnnx inspect --explain`: a cell's equations, its gradient and its compiled loops; or a layer, block or function. */
import type { Analysis } from "../../../compiler/compile.js";
import type { Explanation } from "../../../compiler/inspect/explain.js";
import type { RecurrenceExplanation } from "../../../compiler/inspect/recurrence-forms.js";
import type { ResolvedDefinition } from "../../../compiler/language/resolve.js";
import type { PassContext } from "../../../compiler/optimize/pass.js";
import type { Signature } from "../../../compiler/signature.js";
import { formatInteger } from "../../../runtime/format.js";
import { nearest, suggestion } from "../../../schema/diagnostics/suggest.js";
import { lossName } from "../../../schema/kinds/losses.js";
import { metricName } from "../../../schema/kinds/metrics.js";
import { nameOf } from "../../../schema/kinds/optimizers.js";
import { metricsOf } from "../../../schema/kinds/reported-metrics.js";
import type { NormalLayer, NormalSpec } from "../../../schema/normal/index.js";
import { reportInvalidInput } from "../../errors.js";
import { exitCodes } from "../../exit-codes.js";
import type { Output } from "../../output.js";
import { sectionLines } from "./section.js";

export async function printExplanation(
  output: Output,
  spec: NormalSpec,
  signature: Signature,
  analysis: Analysis,
  name: string,
  recurrence: PassContext["recurrence"],
): Promise<number> {
  const cells = spec.model.flatMap((layer) =>
    layer.layer === "rnn"
      ? layer.cells.map((use, index) => ({ name: `${layer.name}/${index}`, layer, index, use }))
      : [],
  );
  const cell = cells.find(
    (candidate) => candidate.name === name || (candidate.index === 0 && candidate.layer.name === name),
  );
  if (cell !== undefined) return printCellExplanation(output, spec, signature, analysis, { ...cell, recurrence });
  const isOfKind = cells.some((candidate) => candidate.use.cell === name);
  if (recurrence !== undefined && !isOfKind) {
    const message = `--recurrence is the form of a cell's loop, and "${name}" is no cell of the model`;
    reportInvalidInput(output, "usage", message, "Remove --recurrence, or explain a cell.");
    return exitCodes.invalidInput;
  }
  const { explainedLayer, explainedLayerOfKind, printBlock, printLayerExplanation } = await import(
    "./explain-layer.js"
  );
  const layer = explainedLayer(spec, name);
  if (layer !== undefined) return printLayerExplanation(output, spec, signature, analysis, layer);
  if (spec.model.some((member) => member.name.startsWith(`${name}/`))) return printBlock(output, spec, analysis, name);
  const { isUpdateName, printUpdateExplanation } = await import("./explain-update.js");
  if (isUpdateName(spec, name)) return printUpdateExplanation(output, spec, analysis, name);
  const { functionTable } = await import("../../../compiler/language/functions/index.js");
  const functions = functionTable(spec.activations);
  const { explainComparisons } = await import("../../../compiler/inspect/explain-comparison.js");
  const passContext = { expected: new Map(Object.entries(signature.expected)) };
  const comparisons = explainComparisons(spec, signature, analysis, functions, passContext, name);
  if (comparisons.length > 0) {
    const { printComparisonExplanations } = await import("./explain-comparison.js");
    return printComparisonExplanations(output, name, comparisons);
  }
  const called = functions.get(name);
  if (called !== undefined) {
    const { printFunctionExplanation } = await import("./explain-function.js");
    return printFunctionExplanation(output, name, called, signature.expected);
  }
  const cellOfKind = cells.find((candidate) => candidate.use.cell === name);
  if (cellOfKind !== undefined) {
    return printCellExplanation(output, spec, signature, analysis, { ...cellOfKind, recurrence });
  }
  const layerOfKind = explainedLayerOfKind(spec, name);
  if (layerOfKind !== undefined) return printLayerExplanation(output, spec, signature, analysis, layerOfKind);
  const names = spec.model.flatMap((member) => {
    const memberNames = [member.name, ...cells.flatMap((one) => (one.layer === member ? [one.name] : []))];
    return name.includes("/") ? memberNames : [member.name.replace(/\/.*/, "")];
  });
  const { builtInNames, explainBuiltIn } = await import("../../../compiler/inspect/explain-built-in.js");
  const builtIn = explainBuiltIn(name);
  if (builtIn !== undefined) {
    const { printBuiltInExplanation } = await import("./explain-built-in.js");
    return printBuiltInExplanation(output, builtIn);
  }
  const comparisonNames = [...spec.losses.map(lossName), ...metricsOf(spec).map(metricName)];
  const message = `the model has no cell, layer, block, loss or metric "${name}", and no built-in one or function has that name`;
  const known = [
    ...new Set([
      ...[...names, ...Object.keys(spec.layers), ...Object.keys(spec.activations), ...comparisonNames],
      ...["optimizer", "schedule", nameOf(spec.optimizer), nameOf(spec.optimizer.schedule)],
    ]),
  ];
  const isNear = nearest(name, known) === undefined && nearest(name, builtInNames()) !== undefined;
  reportInvalidInput(output, "unknown-layer", message, suggestion(name, isNear ? builtInNames() : known, "Names"));
  return exitCodes.invalidInput;
}

interface CellOfLayer {
  readonly name: string;
  readonly layer: Extract<NormalLayer, { readonly layer: "rnn" }>;
  readonly index: number;
  readonly use: Extract<NormalLayer, { readonly layer: "rnn" }>["cells"][number];
  readonly recurrence: PassContext["recurrence"];
}

async function printCellExplanation(
  output: Output,
  spec: NormalSpec,
  { expected, steps }: Signature,
  { parameters }: Analysis,
  { name, layer, index, use: cellUse, recurrence }: CellOfLayer,
): Promise<number> {
  const [{ resolveDefinition }, { functionTable }, { explainCell }] = await Promise.all([
    import("../../../compiler/language/resolve.js"),
    import("../../../compiler/language/functions/index.js"),
    import("../../../compiler/inspect/explain.js"),
  ]);
  const definition = spec.cells[cellUse.cell];
  if (definition === undefined) throw new Error(`The spec has no cell "${cellUse.cell}".`);
  const cell = resolveDefinition(definition, cellUse, functionTable(spec.activations));
  const parameterPrefix = `${layer.weights ?? layer.name}/${layer.share_weights ? 0 : index}`;
  const sizes = {
    hidden_size: cellUse.hidden_size,
    input_size: inferInputSize(cell, parameterPrefix, parameters.tensors) ?? cellUse.hidden_size,
  };
  const explanation = explainCell(cell, sizes, { expected: new Map(Object.entries(expected)), recurrence }, steps);
  const problem = formProblem(cellUse.cell, recurrence, explanation, steps);
  if (problem !== undefined) {
    reportInvalidInput(output, ...problem);
    return exitCodes.invalidInput;
  }
  const { equations } = cell;
  output.record({ event: "result", name, cell: cellUse.cell, ...sizes, equations, ...explanation });
  output.print(explanationText(output, `${name}: ${cellUse.cell}`, cell, sizes, explanation));
  return exitCodes.success;
}

/** The problem of a form that training would refuse. */
function formProblem(
  cell: string,
  recurrence: PassContext["recurrence"],
  { recurrences }: Explanation,
  steps: number | undefined,
): readonly [code: string, message: string, hint: string] | undefined {
  if (recurrence === undefined || recurrence === "loop") return undefined;
  const flag = `--recurrence ${recurrence}`;
  if (steps === undefined) {
    const message = `${flag} needs sequences of one length, but the sequences of this data differ in length`;
    return ["recurrence-steps", message, "Remove --recurrence, or choose loop."];
  }
  if (recurrences.some(({ form }) => form !== "loop")) return undefined;
  const hint = "Remove --recurrence, or explain a cell that is linear in its state, such as minlstm.";
  return ["recurrence-form", `${flag} has no effect: the cell ${cell} has no linear recurrence of this form`, hint];
}

/** The input size by the shapes of the cell's tensors; undefined if no tensor has that axis. */
function inferInputSize(
  { parameters }: ResolvedDefinition,
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
  cell: ResolvedDefinition,
  sizes: { readonly hidden_size: number; readonly input_size: number },
  { gradient, hoisted, forward, between, backward, sunk, before, recurrences }: Explanation,
): string {
  const { bold, dim } = colors.print;
  const shape = (dims: readonly (number | string)[]) => `[${dims.join(", ")}]`;
  const section = (heading: string, note: string, lines: readonly string[]) =>
    sectionLines(colors.print, heading, note, lines);
  const operationCounts = (from: number, to: number) =>
    `${formatInteger(to)} operations per step; ${formatInteger(from)} before optimization`;
  const calledOptions = Object.entries(cell.options).flatMap(([name, value]) =>
    typeof value === "string" ? [`${name} ${value}`] : [],
  );
  return [
    bold(title),
    dim([`input_size ${sizes.input_size}, hidden_size ${sizes.hidden_size}`, ...calledOptions].join(", ")),
    ...section(
      "inputs",
      "after x, of the layers that from names",
      Object.entries(cell.inputs).map(([name, size]) => `${name} [${size}]`),
    ),
    ...section(
      "states",
      "carried from step to step",
      Object.entries(cell.state).map(([name, shape]) => `${name} [${shape.join(", ")}]`),
    ),
    ...section(
      "parameters",
      "",
      Object.entries(cell.parameters).map(([name, dims]) => `${name} ${shape(dims)}`),
    ),
    ...section("equations", "of the spec", cell.equations),
    ...section("gradient", "of one step; dh' is the derivative of the loss with respect to h'", gradient),
    ...section("hoisted", "before the forward loop, once over all steps", hoisted),
    ...section("forward loop", operationCounts(before.forward, forward.operations), forward.lines),
    ...section("between", "after the forward loop, once over all steps", between),
    ...section(
      "backward loop",
      `from the last step to the first; ${operationCounts(before.backward, backward.operations)}`,
      backward.lines,
    ),
    ...section("sunk", "after the backward loop, once over all steps", sunk),
    ...section("recurrences", "in training; estimated time of the forward pass", recurrences.map(recurrenceLine)),
    "",
    dim("x[t]: slice of x at step t; stack: the values of all steps; flat: all steps of all sequences as one matrix."),
    ...(recurrences.some(({ form }) => form !== "loop")
      ? [dim("The loops above are those of the form loop. The training step has the forms under recurrences.")]
      : []),
    dim("rnnx inspect SPEC --stage optimized prints the training step as nodes."),
  ].join("\n");
}

/** `C: chunkwise, 16 steps each; linear, … (loop 34.7 ms, chunkwise 9.5 ms)`. */
function recurrenceLine({ states, form, chunk, reason, microseconds }: RecurrenceExplanation): string {
  const times = Object.entries(microseconds).map(([name, each]) => `${name} ${(each / 1000).toFixed(2)} ms`);
  const size = chunk === null ? "" : `, ${chunk} steps each`;
  return `${states.join(", ")}: ${form}${size}; ${reason}${times.length > 0 ? ` (${times.join(", ")})` : ""}`;
}
