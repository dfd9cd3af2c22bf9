/** Programs of a model of another program: the loss of one of its outputs as a function of its weights and the data. */
import type { InputPort, OutputPort, Program } from "../elaborate/program.js";
import { graphBuilder } from "../graph/builder.js";
import { restrictGraph } from "../graph/extract-subgraph.js";
import { inline } from "../graph/rewrite.js";
import type { ImportedModel, WeightInput } from "../importer/index.js";
import { at, expectDefined } from "../ir/expect.js";
import type { Value } from "../ir/types.js";
import type { LossOperand } from "./loss.js";
import { PREDICTIONS, publicName, TARGETS } from "./names.js";

export interface Composition {
  readonly imported: ImportedModel;
  /** The output that is trained. */
  readonly output: Value;
  /** Null where the output is the loss itself. */
  readonly operand: LossOperand | null;
  /** The program of the loss, of the inputs `inputs` and `targets`; null where the output is the loss itself. */
  readonly loss: Program | null;
  readonly isTrained: (weight: WeightInput) => boolean;
  /** Names of the stored tensors that training changes without a gradient. */
  readonly statistics: ReadonlySet<string>;
}

/**
 * The program of a loss. Inputs: parameters, frozen, buffers, the step where the loss needs it, data. Outputs: those of
 * the loss, then in training the next buffers, in evaluation the predictions.
 */
export function composeProgram(composition: Composition, mode: "training" | "evaluation"): Program {
  const { imported, output, operand, loss, isTrained, statistics } = composition;
  const read = operand?.value ?? output;
  const buffers = mode === "training" ? imported.weights.filter(({ next }) => next !== undefined) : [];
  const ends = [read, ...buffers.map(({ next }) => next as Value), ...(mode === "evaluation" ? [output] : [])];
  const { graph, live } = restrictGraph(imported.graph, ends);
  const b = graphBuilder(imported.name);
  const ports: InputPort[] = [];
  const opened = new Map<Value, Value>();
  const open = (name: string, role: InputPort["role"], value: Value): void => {
    if (!live.has(value)) return;
    ports.push({ name, role, initializer: null });
    opened.set(value, b.input(name, value.type));
  };
  const roleOf = (weight: WeightInput): InputPort["role"] =>
    statistics.has(weight.name) ? "buffer" : isTrained(weight) ? "parameter" : "frozen";
  for (const role of ["parameter", "frozen", "buffer"] as const)
    for (const weight of imported.weights)
      if (roleOf(weight) === role) open(publicName(weight.name), role, weight.value);
  const openLossInput = (name: string): Value | undefined => {
    const index = loss?.inputs.findIndex((port) => port.name === name) ?? -1;
    if (loss === null || index < 0) return undefined;
    const port = at(loss.inputs, index);
    ports.push(port);
    return b.input(port.name, at(loss.graph.inputs, index).type);
  };
  const step = openLossInput("step");
  for (const { name, value } of imported.inputs) open(publicName(name), "data", value);
  const targets = openLossInput(TARGETS);
  const inputs = graph.inputs.filter((value) => live.has(value));
  const results = inline(
    b,
    { ...graph, inputs },
    inputs.map((value) => expectDefined(opened.get(value), "an input")),
  );
  const lossOutputs = lossResults(b, at(results, 0), { ...composition, step, targets });
  const next = results.slice(1, 1 + buffers.length);
  const outputs: readonly (readonly [OutputPort, Value])[] = [
    ...lossOutputs.filter(([{ role }]) => mode === "evaluation" || role === "loss"),
    ...buffers.map(({ name }, index) => [{ name: publicName(name), role: "buffer" }, at(next, index)] as const),
    ...(mode === "evaluation"
      ? [[{ name: PREDICTIONS, role: "prediction" }, at(results, results.length - 1)] as const]
      : []),
  ];
  return {
    graph: b.finish(outputs.map(([, value]) => value)),
    inputs: ports,
    outputs: outputs.map(([port]) => port),
    layers: [],
    attention: [],
    metrics: loss?.metrics ?? { loss: "mean" },
    batching: loss?.batching ?? "indivisible",
    notices: [],
  };
}

/** The outputs of the loss; a mean of the output where it is the loss itself. */
function lossResults(
  b: ReturnType<typeof graphBuilder>,
  output: Value,
  {
    loss,
    operand,
    step,
    targets,
  }: Pick<Composition, "loss" | "operand"> & { readonly step: Value | undefined; readonly targets: Value | undefined },
): readonly (readonly [OutputPort, Value])[] {
  if (loss === null || operand === null) {
    const count = output.type.shape.length === 0 ? b.scalar(1) : b.cast(b.size(output), "float32");
    const accumulators = b.concat([b.unsqueeze(b.sum(output), [0]), b.unsqueeze(count, [0])], 0);
    return [
      [{ name: "loss", role: "loss" }, b.mean(output)],
      [{ name: "metrics/loss", role: "metric" }, accumulators],
    ];
  }
  const moved = operand.moves.reduce((value, node) => at(b.copy(node, [value]), 0), output);
  const rows = b.reshape(moved, operand.shape);
  const operands = loss.inputs.map(({ name }) =>
    expectDefined(name === "inputs" ? rows : name === TARGETS ? targets : step, `the input ${name} of the loss`),
  );
  const values = inline(b, loss.graph, operands);
  return loss.outputs.map((port, index) => [port, at(values, index)] as const);
}
