/** Gradient accumulation: one update from the micro-batches of a batch, in the memory of one micro-batch. */
import type { InputPort, LossBatching, Program } from "../elaborate/program.js";
import { graphBuilder } from "../graph/builder.js";
import { inline } from "../graph/rewrite.js";
import { scan } from "../graph/scan.js";
import type { Builder } from "../ir/builder.js";
import { at, expectDefined } from "../ir/expect.js";
import type { Graph, Value } from "../ir/types.js";

/**
 * Sums over micro-batches, in a Scan.
 *
 * @param graph one micro-batch. Outputs: total and count of the loss, then the gradient of the total per parameter.
 * @param ports ports of the graph's inputs, without states. `shard` is [first row, rows] of a micro-batch: inside, of the
 * whole batch, so that random numbers are those of the batch in one piece.
 * @param countProgram the counts of the losses of one micro-batch, whose sum over the batch is the input of the role
 * `count`; null for a graph without it.
 * @returns the same inputs but `count`, data with a leading axis of `microBatches`; the same outputs, summed.
 */
export function accumulate(
  graph: Graph,
  ports: readonly InputPort[],
  microBatches: number,
  countProgram: Program | null = null,
): Graph {
  const b = graphBuilder(graph.name);
  const opened = graph.inputs.map(({ name, type }, index): Value | null => {
    const role = ports[index]?.role;
    if (role === "count") return null;
    return b.input(name, { dtype: type.dtype, shape: role === "data" ? [microBatches, ...type.shape] : type.shape });
  });
  const byName = new Map(ports.map(({ name }, index) => [name, opened[index] ?? null]));
  const counts = countProgram && sumCounts(b, countProgram, byName, microBatches);
  const inputs = opened.map((input) => input ?? expectDefined(counts, "the counts of the losses"));
  const data = inputs.filter((_, index) => ports[index]?.role === "data");
  const zeros = graph.outputs.map(({ type }) => b.expand(b.scalar(0), type.shape));
  const operands = { initial: zeros, scans: [b.range(microBatches), ...data] };
  const { final } = scan(b, "micro_batches", operands, (inner, sums, slices) => {
    const inputValues = inputs.map((input, index) => {
      const role = ports[index]?.role;
      if (role === "data") return at(slices, 1 + data.indexOf(input));
      return role === "shard" ? shardOfBatch(inner, input, at(slices, 0), microBatches) : input;
    });
    const outputs = inline(inner, graph, inputValues);
    return { next: sums.map((sum, index) => inner.add(sum, at(outputs, index))), scanOutputs: [] };
  });
  return b.finish(final);
}

/** The counts of the losses over all micro-batches, which depend on the data alone. */
function sumCounts(
  b: Builder,
  { graph, inputs: ports }: Program,
  inputs: ReadonlyMap<string, Value | null>,
  microBatches: number,
): Value {
  const values = ports.map(({ name }) => expectDefined(inputs.get(name), `the input ${name} of the counts`));
  const data = values.filter((_, index) => ports[index]?.role === "data");
  const { final } = scan(
    b,
    "counts",
    {
      initial: graph.outputs.map(({ type }) => b.expand(b.scalar(0), type.shape)),
      scans: [b.range(microBatches), ...data],
    },
    (inner, sums, slices) => {
      const operands = values.map((value) => (data.includes(value) ? at(slices, 1 + data.indexOf(value)) : value));
      const outputs = inline(inner, graph, operands);
      return { next: sums.map((sum, index) => inner.add(sum, at(outputs, index))), scanOutputs: [] };
    },
  );
  return at(final, 0);
}

/** From the position of rows in a micro-batch to their position in the whole batch: [first row, rows]. */
function shardOfBatch(b: Builder, shard: Value, microBatch: Value, microBatches: number): Value {
  const [first, rows] = [b.slice(shard, 0, 0, 1), b.slice(shard, 0, 1, 2)];
  return b.concat([b.add(first, b.mul(rows, microBatch)), b.mul(rows, microBatches)], 0);
}

/**
 * From sums over a batch to the loss and its gradients.
 *
 * @param graph outputs: total and count of the loss, the next value of each state in `ports`, then gradients of the
 * total.
 * @returns the same inputs; outputs: the loss, the next states, the gradients of the loss.
 */
export function averageSums(graph: Graph, ports: readonly InputPort[], batching: LossBatching): Graph {
  const b = graphBuilder(graph.name);
  const inputs = graph.inputs.map(({ name, type }) => b.input(name, type));
  const [total, count, ...rest] = inline(b, graph, inputs) as readonly [Value, Value, ...Value[]];
  const stateCount = ports.filter(({ role }) => role === "state").length;
  const averages = divideByCount(b, [total, ...rest.slice(stateCount)], count, batching);
  return b.finish([at(averages, 0), ...rest.slice(0, stateCount), ...averages.slice(1)]);
}

/**
 * The loss and its gradients from sums over the rows of a batch. A mean loss is the sum of totals by the sum of counts.
 * The counts do not depend on the parameters: so the result is the gradient of the whole batch, even where
 * micro-batches have different numbers of valid steps.
 */
export function divideByCount(
  b: Builder,
  sums: readonly Value[],
  count: Value,
  batching: LossBatching,
): readonly Value[] {
  return batching === "sum" ? sums : sums.map((sum) => b.div(sum, count));
}
