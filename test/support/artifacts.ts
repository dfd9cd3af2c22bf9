/** Artifacts of small specs, and plain onnxruntime sessions on them, fed by the manifest alone. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Artifact, Port, Ports, StoredTensor } from "../../compiler/artifact.js";
import { type CompileOptions, compile } from "../../compiler/compile.js";
import { withWeights } from "../../compiler/onnx/splice/weights.js";
import type { Batch } from "../../runtime/data/source.js";
import type { NumericArray } from "../../runtime/tensors/array.js";
import { randomStream } from "../../runtime/tensors/random.js";
import { batchSizeOf, microBatchesOf } from "../../schema/micro-batches.js";
import { type OpenedSpec, open } from "./programs.js";

export interface Compiled extends OpenedSpec {
  readonly artifact: Artifact;
}

export type Tensors = Readonly<Record<string, Tensor>>;

export async function build(text: object, options: CompileOptions = {}): Promise<Compiled> {
  const opened = await open(text);
  const compiled = await compile(opened.spec, opened.signature, { origins: opened.origins, ...options });
  if (!compiled.ok) throw new Error(compiled.problems.map(({ message }) => message).join("\n"));
  return { ...opened, artifact: compiled.artifact };
}

export function openModel(model: Uint8Array): Promise<InferenceSession> {
  return InferenceSession.create(model, { logSeverityLevel: 4, intraOpNumThreads: 1 });
}

/** True for tensors whose numbers are positive. */
export const isVariance = (name: string) => name.endsWith("/running_variance");

/** Numbers of a usual size for every parameter, the same for a name wherever it stands. */
export function drawParameters(parameters: readonly StoredTensor[]): Tensors {
  return Object.fromEntries(
    parameters.map(({ name, shape }) => {
      const random = randomStream(1, name);
      const count = shape.reduce((product, size) => product * size, 1);
      const draw = isVariance(name) ? () => Math.abs(random.normal()) : () => random.normal();
      return [
        name,
        new Tensor(
          "float32",
          Float32Array.from({ length: count }, () => 0.5 * draw()),
          shape,
        ),
      ];
    }),
  );
}

/** Slots as the manifest starts them. */
function firstSlots(slots: readonly StoredTensor[]): Tensors {
  return Object.fromEntries(
    slots.map(({ name, shape, initializer }) => {
      if (initializer.type !== "constant") throw new Error(`${name} starts from more than one number`);
      const count = shape.reduce((product, size) => product * size, 1);
      return [name, new Tensor("float32", new Float32Array(count).fill(initializer.value), shape)];
    }),
  );
}

export function toTensor({ dtype, shape, data }: NumericArray): Tensor {
  return new Tensor(dtype, data, shape);
}

export function dataOf(batch: Batch, { inputs }: Ports): Tensors {
  const dataPorts = inputs.filter(({ role }) => role === "data");
  return Object.fromEntries(dataPorts.map(({ name }) => [name, toTensor(required(batch.get(name), name))]));
}

export interface TrainResult {
  readonly losses: readonly number[];
  /** What the last call leaves to the next: parameters, slots and the step, as bytes. */
  readonly states: Readonly<Record<string, string>>;
  readonly parameters: Readonly<Record<string, readonly number[]>>;
}

/** Trains in calls of so many updates each. Update n has the n-th batch of the data, over and over. */
export async function train({ artifact, source, spec }: Compiled, calls: readonly number[]): Promise<TrainResult> {
  const { train: ports, parameters, slots } = artifact.manifest;
  const session = await openModel(artifact.train);
  const size = batchSizeOf(spec.train, source.examples);
  const microBatches = microBatchesOf(spec.train);
  const rows = microBatches === 1 ? [size] : [microBatches, size / microBatches];
  let states: Tensors = {
    ...drawParameters(parameters),
    ...firstSlots(slots),
    step: new Tensor("int64", BigInt64Array.of(0n), []),
  };
  const losses: number[] = [];
  for (const steps of calls) {
    const examples = Array.from(
      { length: steps * size },
      (_, index) => (losses.length * size + index) % source.examples,
    );
    const batches = [...source.batch(examples)].map(([name, array]): [string, NumericArray] => [
      name,
      { ...array, shape: [steps, ...rows, ...array.shape.slice(1)] },
    ]);
    const results = await session.run({ ...states, ...dataOf(new Map(batches), ports) });
    losses.push(...numbers(results.loss));
    states = Object.fromEntries(Object.keys(states).map((name) => [name, required(results[`next/${name}`], name)]));
  }
  await session.release();
  const bytes = Object.entries(states).map(([name, { data }]) => {
    const { buffer, byteOffset, byteLength } = data as Float32Array;
    return [name, Buffer.from(buffer, byteOffset, byteLength).toString("hex")];
  });
  return {
    losses,
    states: Object.fromEntries(bytes),
    parameters: Object.fromEntries(parameters.map(({ name }) => [name, numbers(states[name])])),
  };
}

/** An inference model with its weights in it. */
export function filled(model: Uint8Array, { manifest }: Artifact, weights: Tensors): Uint8Array {
  return withWeights(
    model,
    manifest.parameters.map(({ name, shape }) => {
      const data = required(weights[name], name).data as Float32Array;
      return { name, dtype: "float32" as const, shape, data };
    }),
  );
}

export function numbers(tensor: Tensor | undefined): number[] {
  return Array.from(required(tensor, "a result").data as Float32Array);
}

export function portsOf(ports: readonly Port[]): readonly string[] {
  return ports.map(({ name, role, dtype, shape }) => `${role} ${name}: ${dtype}[${shape.join(", ")}]`);
}

function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`nothing is given for ${name}`);
  return value;
}
