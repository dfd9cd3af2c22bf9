/** Verifies the step form: with states fed back, its outputs must match those of the whole sequence. */
import type { Tensor } from "onnxruntime-common";
import type { Port } from "../../../compiler/artifact.js";
import { processingOf } from "../../../compiler/export/options.js";
import { feedsFor, portsWithRole } from "../../sessions/ports.js";
import { elementCount, type NumericArray } from "../../tensors/array.js";
import { tensorOf } from "../../tensors/ort.js";
import type { StatePair } from "../metadata.js";
import { outputDifference } from "./compare.js";
import { type FormVerifier, rawAndScaled } from "./model-under-test.js";
import { type Arrays, randomInputs, type Sizes } from "./random-inputs.js";

export const verifySteps: FormVerifier = async ({ run, ports, boundary, states, trainedModel, reference }, sizes) => {
  const { batch } = sizes;
  const { rawInputs, scaledInputs } = rawAndScaled(
    withFullLengths(randomInputs(reference.ports, trainedModel, sizes), sizes),
    boundary,
  );
  const expected = await reference.predict(scaledInputs, batch);
  const currentStates = initialStates(states, rawInputs, batch);
  const dataPorts = portsWithRole(ports.inputs, "data");
  const steps = stepsOf(reference.ports, rawInputs);
  let maxDifference = 0;
  for (let step = 0; step < steps; step++) {
    const feeds = feedsFor(dataPorts, ({ name, shape }) => {
      const array = rawInputs.get(name);
      return array !== undefined && shape.length < array.shape.length ? sliceStep(array, step) : array;
    });
    const results = await run({ ...currentStates, ...feeds });
    for (const { input, output } of states) {
      const next = results[output];
      if (next !== undefined) currentStates[input] = next;
    }
    for (const [port, output] of expected) {
      if (!output.everyStep && step < steps - 1) continue;
      const expectedNow = output.everyStep ? sliceStep({ dtype: "float32" as const, ...output }, step) : output;
      const difference = outputDifference(results, expectedNow, processingOf(boundary, port));
      maxDifference = Math.max(maxDifference, difference);
    }
  }
  return maxDifference;
};

/** The states before the first step: those that the training reads as data, else the trained ones, else zeros. */
function initialStates(states: readonly StatePair[], inputs: Arrays, batch: number): Record<string, Tensor> {
  const tensors = states.map(({ input, shape, initial }) => {
    const given = inputs.get(input);
    if (given !== undefined) return [input, tensorOf(given)] as const;
    const size = shape.reduce<number>((product, dim) => product * Number(dim), 1);
    const row = initial ?? new Array<number>(size).fill(0);
    const data = Float32Array.from({ length: batch * size }, (_, index) => row[index % size] ?? 0);
    return [input, tensorOf({ dtype: "float32", shape: [batch, ...shape.map(Number)], data })] as const;
  });
  return Object.fromEntries(tensors);
}

/** The number of steps of the sequences: a model that runs step by step has one time axis. */
function stepsOf(ports: readonly Port[], inputs: Arrays): number {
  const sequence = ports.find(({ shape }) => typeof shape[1] === "string");
  return sequence === undefined ? 1 : (inputs.get(sequence.name)?.shape[1] ?? 1);
}

function withFullLengths(arrays: Arrays, { time }: Sizes): Arrays {
  return new Map(
    [...arrays].map(([name, array]) => [
      name,
      array.dtype === "int64" && name === "lengths" ? { ...array, data: array.data.map(() => BigInt(time)) } : array,
    ]),
  );
}

/** Step n of each sequence, without the time axis. */
function sliceStep<A extends NumericArray>(array: A, step: number): A {
  const [batch = 1, time = 1, ...rest] = array.shape;
  const width = elementCount(rest);
  const data = array.data.slice(0, batch * width) as A["data"];
  for (let row = 0; row < batch; row++) {
    const from = (row * time + step) * width;
    (data as Float32Array).set(array.data.subarray(from, from + width) as Float32Array, row * width);
  }
  return { ...array, shape: [batch, ...rest], data };
}
