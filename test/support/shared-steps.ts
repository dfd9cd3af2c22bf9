/** Training steps shared between ranks, simulated one rank after the other. */
import { Tensor } from "onnxruntime-node";
import type { Port, Ports } from "../../compiler/artifact.js";
import type { NumericArray } from "../../runtime/tensors/array.js";
import { type Compiled, drawParameters, numbers, openModel, toTensor } from "./artifacts.js";

/**
 * Trains by the sums of ranks.
 *
 * @param boundaries the first row of each rank in a micro-batch, and the number of rows.
 */
export async function trainShared(
  compiled: Compiled,
  steps: number,
  size: number,
  boundaries: readonly number[],
  microbatches: number,
) {
  const { shard, manifest } = compiled.artifact;
  if (shard === null || manifest.shard === null) throw new Error("the artifact has no data-parallel step");
  const [gradient, update] = await Promise.all([openModel(shard.gradient), openModel(shard.update)]);
  const { parameters, slots } = manifest;
  let states: Record<string, Tensor> = { ...drawParameters(parameters), step: scalar(0) };
  for (const { name, shape, initializer } of slots) {
    const count = shape.reduce((product, dim) => product * dim, 1);
    const value = initializer.type === "constant" ? initializer.value : Number.NaN;
    states[name] = new Tensor("float32", new Float32Array(count).fill(value), shape);
  }
  const losses: number[] = [];
  const microbatchSize = size / microbatches;
  for (let step = 0; step < steps; step++) {
    let total: number[] = [];
    for (const [position, from] of boundaries.slice(0, -1).entries()) {
      const to = boundaries[position + 1] ?? 0;
      const examples = Array.from({ length: microbatches }, (_, microbatch) =>
        Array.from(
          { length: to - from },
          (_, row) => (step * size + microbatch * microbatchSize + from + row) % compiled.source.examples,
        ),
      ).flat();
      const data = [...compiled.source.batch(examples)].map(([name, array]): [string, Tensor] => {
        const shape = microbatches === 1 ? array.shape : [microbatches, to - from, ...array.shape.slice(1)];
        return [name, toTensor({ ...array, shape } as NumericArray)];
      });
      const feeds = { ...states, shard: pair(from, microbatchSize), ...Object.fromEntries(data) };
      const gradientValues = numbers((await gradient.run(only(feeds, manifest.shard.gradient))).gradient);
      total = gradientValues.map((entry, index) => entry + (total[index] ?? 0));
    }
    const summed = new Tensor("float32", Float32Array.from(total), [total.length]);
    const results = await update.run(only({ ...states, gradient: summed }, manifest.shard.update));
    losses.push(...numbers(results.loss));
    states = Object.fromEntries(Object.keys(states).map((name) => [name, results[`next/${name}`] as Tensor]));
  }
  const weights = parameters.map(({ name }) => [name, numbers(states[name])] as const);
  return { losses, parameters: Object.fromEntries(weights) };
}

/** The feeds of a model's inputs. */
export function only(feeds: Readonly<Record<string, Tensor>>, ports: Ports | undefined) {
  return Object.fromEntries((ports?.inputs ?? []).map(({ name }: Port) => [name, feeds[name] as Tensor]));
}

export const scalar = (value: number) => new Tensor("int64", BigInt64Array.of(BigInt(value)), []);
export const pair = (x: number, y: number) => new Tensor("int64", BigInt64Array.of(BigInt(x), BigInt(y)), [2]);
