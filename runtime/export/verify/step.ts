/** The step form on trial: its states fed back step by step, it says what is said of the whole sequence. */
import type { Tensor } from "onnxruntime-common";
import type { NumericArray } from "../../data/source.js";
import { tensorOf } from "../../tensors.js";
import type { StatePair } from "../words.js";
import { difference } from "./compare.js";
import { type Arrays, drawInputs, type Sizes } from "./draw.js";
import { asGiven, type Try } from "./trial.js";

export const trySteps: Try = async ({ run, ports, boundary, states, subject, reference }, sizes) => {
  const { batch, time } = sizes;
  const { given, read } = asGiven(allLive(drawInputs(reference.ports, subject, sizes), sizes), boundary);
  const said = await reference.predict(read, batch);
  const carried = firstStates(states, batch);
  const fed = ports.inputs.filter(({ role }) => role === "data");
  let largest = 0;
  for (let step = 0; step < time; step++) {
    const feeds = fed.map(({ name, shape }) => {
      const array = given.get(name);
      if (array === undefined) throw new Error(`The model reads "${name}", which the training does not.`);
      return [name, tensorOf(shape.length < array.shape.length ? stepOf(array, step) : array)] as const;
    });
    const results = await run({ ...carried, ...Object.fromEntries(feeds) });
    for (const { input, output } of states) {
      const next = results[output];
      if (next !== undefined) carried[input] = next;
    }
    if (reference.everyStep)
      largest = Math.max(largest, difference(results, stepOf({ dtype: "float32", ...said }, step), boundary));
    else if (step === time - 1) largest = difference(results, said, boundary);
  }
  return largest;
};

function firstStates(states: readonly StatePair[], batch: number): Record<string, Tensor> {
  const tensors = states.map(({ input, shape, initial }) => {
    const size = shape.reduce<number>((product, dim) => product * Number(dim), 1);
    const row = initial ?? new Array<number>(size).fill(0);
    const data = Float32Array.from({ length: batch * size }, (_, place) => row[place % size] ?? 0);
    return [input, tensorOf({ dtype: "float32", shape: [batch, ...shape.map(Number)], data })] as const;
  });
  return Object.fromEntries(tensors);
}

function allLive(arrays: Arrays, { time }: Sizes): Arrays {
  return new Map(
    [...arrays].map(([name, array]) => [
      name,
      array.dtype === "int64" && name === "lengths" ? { ...array, data: array.data.map(() => BigInt(time)) } : array,
    ]),
  );
}

/** Step n of each sequence, without the axis of time. */
function stepOf<A extends NumericArray>(array: A, step: number): A {
  const [batch = 1, time = 1, ...rest] = array.shape;
  const width = rest.reduce((product, size) => product * size, 1);
  const data = array.data.slice(0, batch * width) as A["data"];
  for (let row = 0; row < batch; row++) {
    const from = (row * time + step) * width;
    (data as Float32Array).set(array.data.subarray(from, from + width) as Float32Array, row * width);
  }
  return { ...array, shape: [batch, ...rest], data };
}
