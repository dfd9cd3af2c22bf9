/**
 * Data parallelism: a training step split in two. Each process runs the gradient step on its rows of the batch; the
 * sums of all processes are added, and each process applies the same update.
 */
import type { NormalPrecision } from "../../schema/normal/index.js";
import type { InputPort, LossBatching } from "../elaborate/program.js";
import { graphBuilder } from "../graph/builder.js";
import { inline } from "../graph/rewrite.js";
import { elementCount } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import { tensor } from "../ir/tensor.js";
import type { Graph, Value } from "../ir/types.js";
import {
  applyGradients,
  carriedOutputs,
  isRawWeights,
  openRateScale,
  openSlots,
  type ReportedRole,
  reportedRoles,
  slotsOf,
  trainedWeights,
} from "./apply-gradients.js";
import { divideByCount } from "./gradient-accumulation.js";
import { openLossScale, openScale, scaleSlots } from "./loss-scale.js";
import type { ResolvedOptimizer } from "./resolve-optimizer.js";

/** The gradient step or the apply step, with the names and roles of its inputs. */
export interface DataParallelGraph {
  readonly graph: Graph;
  readonly inputs: readonly {
    readonly name: string;
    readonly role: InputPort["role"] | "slot" | "rate_scale" | "gradient";
  }[];
  /** The outputs of the apply step after the carried values. */
  readonly reported: readonly ReportedRole[];
}

/**
 * A gradient graph for one process: its rows are the whole batch, so the input `shard` becomes the constant [0, rows].
 */
export function overWholeBatch(
  graph: Graph,
  ports: readonly InputPort[],
): { readonly graph: Graph; readonly ports: readonly InputPort[] } {
  const shardIndex = ports.findIndex(({ role }) => role === "shard");
  if (shardIndex < 0) return { graph, ports };
  const b = graphBuilder(graph.name);
  const inputs = graph.inputs.map(({ name, type }, index) => (index === shardIndex ? null : b.input(name, type)));
  const size = b.unsqueeze(b.size(b.range("batch")), [0]);
  const wholeBatch = b.concat([b.constant(tensor("int64", [1], [0])), size], 0);
  return {
    graph: b.finish(
      inline(
        b,
        graph,
        inputs.map((input) => input ?? wholeBatch),
      ),
    ),
    ports: ports.filter((_, index) => index !== shardIndex),
  };
}

/**
 * The gradient step.
 *
 * @param graph sums over some rows. Outputs: total and count of the loss, the next value of each state in `ports`, then
 * a gradient of the total per parameter in `ports`.
 * @returns outputs: the next states; then one vector, float32 [entries + 2]: all gradients (multiplied by the loss
 * scale), the total and the count. The vectors of all rows of a batch add up.
 */
export function gradientStep(
  graph: Graph,
  ports: readonly InputPort[],
  optimizer: ResolvedOptimizer,
  precision: NormalPrecision,
): DataParallelGraph {
  const b = graphBuilder(`${graph.name}/gradient`);
  const inputs = ports.map(({ name }, index) => b.input(name, at(graph.inputs, index).type));
  const roles = ports.map(({ name, role }): DataParallelGraph["inputs"][number] => ({ name, role }));
  const parameters = inputs.filter((_, index) => ports[index]?.role === "parameter");
  const parameterStates = parameters.map((parameter) => openSlots(b, parameter, optimizer, isRawWeights));
  const stepInput = inputs.find((_, index) => ports[index]?.role === "step");
  const addedStep =
    stepInput === undefined && optimizer.average !== null ? b.input("step", { dtype: "int64", shape: [] }) : null;
  const step = stepInput ?? addedStep;
  const weights = step === null ? parameters : trainedWeights(b, parameterStates, step);

  const stateCount = ports.filter(({ role }) => role === "state").length;
  const scale = openScale(b, precision);
  const inputValues = inputs.map((input) => weights[parameters.indexOf(input)] ?? input);
  const results = inline(b, graph, scale === null ? inputValues : [...inputValues, scale]);
  const rest = results.slice(2);
  const sums = [...rest.slice(stateCount), at(results, 0), at(results, 1)].map((sum) =>
    b.reshape(sum, [elementCount(sum.type.shape)]),
  );
  const rawWeightSlots = parameterStates.flatMap(({ slots }) => Object.values(slots).map(({ name = "" }) => name));
  return {
    graph: b.finish([...rest.slice(0, stateCount), b.withName(b.concat(sums, 0), "gradient")]),
    inputs: [
      ...roles,
      ...rawWeightSlots.map((name) => ({ name, role: "slot" as const })),
      ...(addedStep === null ? [] : [{ name: "step", role: "step" as const }]),
      ...scaleSlots(precision)
        .slice(0, 1)
        .map(({ name }) => ({ name, role: "slot" as const })),
    ],
    reported: [],
  };
}

/**
 * The apply step, from the vector of sums over the whole batch.
 *
 * @param parameters the trained parameters.
 * @returns outputs: the next parameters, slots and step, then the reports of a step.
 */
export function applyStep(
  name: string,
  parameters: readonly Value[],
  { optimizer, precision }: { readonly optimizer: ResolvedOptimizer; readonly precision: NormalPrecision },
  batching: LossBatching,
): DataParallelGraph {
  const b = graphBuilder(`${name}/update`);
  const parameterStates = parameters
    .map((parameter) => b.input(parameter.name, parameter.type))
    .map((parameter) => openSlots(b, parameter, optimizer));
  const scaling = openLossScale(b, precision);
  const step = b.input("step", { dtype: "int64", shape: [] });
  const rateScale = openRateScale(b, optimizer);
  const sizes = parameters.map(({ type }) => type.shape.reduce((product: number, dim) => product * Number(dim), 1));
  const entryCount = sizes.reduce((sum, size) => sum + size, 0);
  const sums = b.input("gradient", { dtype: "float32", shape: [entryCount + 2] });

  const scalar = (offset: number) => b.reshape(b.slice(sums, 0, offset, offset + 1), []);
  const count = scalar(entryCount + 1);
  let end = 0;
  const gradients = parameters.map(({ type }, index) => {
    const start = end;
    end += at(sizes, index);
    return b.reshape(b.slice(sums, 0, start, end), type.shape);
  });
  const averages = divideByCount(b, [scalar(entryCount), ...gradients], count, batching);
  const weights = trainedWeights(b, parameterStates, step);
  const operands = parameterStates.map((state, index) => ({
    ...state,
    weights: at(weights, index),
    gradient: at(averages, index + 1),
  }));
  const { next, scale, reported } = applyGradients(b, optimizer, operands, { step, rateScale, scaling });
  const outputs = carriedOutputs(next, optimizer, parameters);
  const slots = [
    ...parameters.flatMap((parameter) => slotsOf(optimizer, parameter).map((slot) => `${parameter.name}/${slot.name}`)),
    ...scaleSlots(precision).map(({ name }) => name),
  ];
  return {
    graph: b.finish([...outputs.parameters, ...outputs.slots, ...scale, b.add(step, 1), at(averages, 0), ...reported]),
    inputs: [
      ...parameters.map(({ name = "" }) => ({ name, role: "parameter" as const })),
      ...slots.map((slot) => ({ name: slot, role: "slot" as const })),
      { name: "step", role: "step" },
      ...(rateScale === null ? [] : [{ name: "rate_scale", role: "rate_scale" as const }]),
      { name: "gradient", role: "gradient" },
    ],
    reported: reportedRoles(scaling),
  };
}
