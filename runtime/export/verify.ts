/** Verification: the written file, run by onnxruntime, says what the training's forward pass says. */
import type { InferenceSession, Tensor } from "onnxruntime-node";
import type { Boundary, ExportForm, ExportOptions, ExportPorts } from "../../compiler/export/index.js";
import { scaled, unscaled } from "../data/scaler.js";
import type { NumericArray } from "../data/source.js";
import { openSession } from "../session.js";
import { tensorOf } from "../tensors.js";
import { difference } from "./compare.js";
import { type Arrays, drawInputs, type Sizes } from "./draw.js";
import { openReference, type Reference, type Said } from "./reference.js";
import type { Subject } from "./subject.js";
import { type StatePair, statePairs } from "./words.js";

/** Float32 sums of a few hundred terms, in another order. */
export const tolerance = 1e-5;

export interface Verification {
  readonly runs: readonly (Sizes & { readonly difference: number })[];
  /** The largest difference of all runs. */
  readonly difference: number;
  readonly tolerance: number;
}

const shapes: readonly Sizes[] = [
  { batch: 1, time: 1 },
  { batch: 3, time: 5 },
  { batch: 7, time: 20 },
];

/** A session on an exported model, and what its model says. */
interface Trial {
  readonly session: InferenceSession;
  readonly ports: ExportPorts;
  readonly boundary: Boundary;
  readonly states: readonly StatePair[];
}

/** Runs the model on arrays as its user has them, and says how far it is from what was said of them. */
type Run = (trial: Trial, arrays: Arrays, said: Said, reference: Reference, sizes: Sizes) => Promise<number>;

const runs: { readonly [F in ExportForm]: Run } = { sequence: runSequence, step: runSteps };

export async function verifyExport(
  subject: Subject,
  { form, boundary, unroll }: ExportOptions,
  ports: ExportPorts,
  model: string,
): Promise<Verification> {
  const reference = await openReference(subject);
  const opened = await openSession(model, "cpu", 0);
  if (!opened.ok) throw new Error(opened.message);
  const { session } = opened;
  const states = statePairs(ports, subject);
  const trial: Trial = { session, ports, boundary, states };
  const timeless = !reference.ports.some(({ shape }) => shape.includes("time"));
  const done: (Sizes & { readonly difference: number })[] = [];
  const fixed = timeless ? 1 : unroll;
  for (const sizes of shapes.map(({ batch, time }) => ({ batch, time: fixed ?? time }))) {
    const drawn = drawInputs(reference.ports, subject, sizes);
    const arrays = form === "step" ? allLive(drawn, sizes) : drawn;
    const { given, read } = asGiven(arrays, boundary);
    const said = await reference.predict(read, sizes.batch);
    done.push({ ...sizes, difference: await runs[form](trial, given, said, reference, sizes) });
  }
  await Promise.all([reference.release(), session.release()]);
  return { runs: done, difference: Math.max(...done.map((run) => run.difference)), tolerance };
}

/** Arrays as the model's user has them, and as the training read them: scaled. */
function asGiven(drawn: Arrays, { inputs: scalings }: Boundary): { readonly given: Arrays; readonly read: Arrays } {
  const inputs = drawn.get("inputs");
  if (scalings === null || inputs?.dtype !== "float32") return { given: drawn, read: drawn };
  const each = (data: Float32Array, change: typeof scaled) =>
    data.map((value, place) => {
      const scaling = scalings[place % scalings.length];
      return scaling ? change(value, scaling) : value;
    });
  const raw = each(inputs.data, unscaled);
  return {
    given: new Map([...drawn, ["inputs", { ...inputs, data: raw }]]),
    read: new Map([...drawn, ["inputs", { ...inputs, data: each(raw, scaled) }]]),
  };
}

function allLive(arrays: Arrays, { time }: Sizes): Arrays {
  return new Map(
    [...arrays].map(([name, array]) => [
      name,
      array.dtype === "int64" && name === "lengths" ? { ...array, data: array.data.fill(BigInt(time)) } : array,
    ]),
  );
}

async function runSequence({ session, ports, boundary }: Trial, arrays: Arrays, said: Said): Promise<number> {
  const fed = ports.inputs.filter(({ role }) => role === "data");
  const feeds = fed.map(({ name }) => {
    const array = arrays.get(name);
    if (array === undefined) throw new Error(`The model reads "${name}", which the training does not.`);
    return [name, tensorOf(array)] as const;
  });
  return difference(await session.run(Object.fromEntries(feeds)), said, boundary);
}

async function runSteps(
  { session, ports, boundary, states }: Trial,
  arrays: Arrays,
  said: Said,
  { everyStep }: Reference,
  { batch, time }: Sizes,
): Promise<number> {
  const carried: Record<string, Tensor> = {};
  for (const { input, shape, initial } of states) {
    const row =
      initial ?? new Array<number>(shape.reduce<number>((product, size) => product * Number(size), 1)).fill(0);
    const data = Float32Array.from({ length: batch * row.length }, (_, place) => row[place % row.length] ?? 0);
    carried[input] = tensorOf({ dtype: "float32", shape: [batch, ...shape.map(Number)], data });
  }
  const fed = ports.inputs.filter(({ role }) => role === "data");
  let largest = 0;
  for (let step = 0; step < time; step++) {
    const feeds = fed.map(({ name, shape }) => {
      const array = arrays.get(name);
      if (array === undefined) throw new Error(`The model reads "${name}", which the training does not.`);
      return [name, tensorOf(shape.length < array.shape.length ? stepOf(array, step) : array)] as const;
    });
    const results = await session.run({ ...carried, ...Object.fromEntries(feeds) });
    for (const { input, output } of states) {
      const next = results[output];
      if (next !== undefined) carried[input] = next as Tensor;
    }
    if (everyStep) largest = Math.max(largest, difference(results, stepOfSaid(said, step), boundary));
    else if (step === time - 1) largest = difference(results, said, boundary);
  }
  return largest;
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

function stepOfSaid({ shape, data }: Said, step: number): Said {
  return stepOf({ dtype: "float32", shape, data }, step);
}
