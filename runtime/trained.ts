/**
 * A model file that can go on learning (`export --with-training`): its spec, what it learnt of its data, and its training as it
 * stands. The file is somebody's: nothing in it is believed before it is checked, and no name in it is opened.
 */
import { readFileSync } from "node:fs";
import type { Manifest, StoredTensor } from "../compiler/artifact.js";
import type { Signature } from "../compiler/signature.js";
import { unreadable } from "./data/file.js";
import type { Metadata } from "./data/metadata.js";
import { externalProblems } from "./external.js";
import { type Checked, type RunProblem, refuse } from "./problem.js";
import type { Tensor, Tensors } from "./safetensors.js";

export interface Trained {
  /** The normalized spec, as JSON. */
  readonly spec: string;
  readonly metadata: Metadata;
  /** Of the data that it was trained on. */
  readonly signature: Signature;
  /** Updates made. */
  readonly step: number;
  /** Weights under their public names, all else of the training as `trainingName` has it. */
  readonly tensors: Tensors;
}

/** What the metadata of such a file holds under `rnnx.training`. */
export interface TrainingRecord {
  readonly format: 1;
  readonly metadata: Metadata;
  readonly signature: Signature;
}

/** Keys of a model's metadata. */
export const modelKeys = { spec: "rnnx.spec", training: "rnnx.training" } as const;

export async function readTrained(file: string): Promise<Checked<{ readonly trained: Trained }>> {
  const wrong = (code: string, message: string, hint = "") =>
    refuse({ code, path: "", file, message: `"${file}" ${message}.`, hint });
  const [{ readModel }, { readTraining }, { trainingName }] = await Promise.all([
    import("../compiler/emit/read.js"),
    import("../compiler/emit/training.js"),
    import("../compiler/export/training-names.js"),
  ]);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    return refuse({ ...unreadable("", file, error), hint: "" });
  }
  const read = readModel(bytes);
  if (!read.ok) return refuse({ ...read.problem, path: "", file });
  const { metadata, initializers } = read.model;
  const unsafe = externalProblems(file, initializers);
  if (unsafe.length > 0) return refuse(...unsafe);
  const [spec, record] = [metadata[modelKeys.spec], recordOf(metadata[modelKeys.training])];
  let numbers: ReturnType<typeof readTraining>;
  try {
    numbers = readTraining(bytes);
  } catch {
    return wrong("not-a-model", "is damaged: its training cannot be read");
  }
  if (numbers === undefined || spec === undefined || record === undefined)
    return wrong(
      "no-training",
      "holds a model and no training of rnnx's to go on with",
      "rnnx export RUN --out FILE --with-training writes files that do.",
    );
  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape, data } of numbers.values()) {
    const elements = shape.reduce((product, size) => product * size, 1);
    if (dtype === "float32" && data?.byteLength === elements * 4)
      tensors.set(name, { shape, data: new Float32Array(Uint8Array.from(data).buffer) });
  }
  const counter = numbers.get(trainingName({ name: "step", role: "step" }));
  const step =
    counter?.dtype === "int64" && counter.data?.length === 8 ? Buffer.from(counter.data).readBigInt64LE() : -1n;
  if (step < 0n || step > 1_000_000_000n)
    return wrong("not-a-model", "is damaged: it does not say how long it was trained");
  return { ok: true, trained: { spec, ...record, step: Number(step), tensors } };
}

function recordOf(text: string | undefined): Omit<TrainingRecord, "format"> | undefined {
  try {
    const record: Partial<TrainingRecord> = JSON.parse(text ?? "");
    const { format, metadata, signature } = record;
    const whole = format === 1 && isObject(metadata) && isObject(signature) && isObject(signature.sizes);
    return whole ? { metadata, signature } : undefined;
  } catch {
    return undefined;
  }
}

function isObject<T>(value: T | undefined): value is T & object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export interface Standing {
  readonly step: number;
  readonly parameters: Tensors;
  readonly slots: Tensors;
}

/** Where a training stands, in the tensors of a model: all of them, and of its shapes; or what is wrong with them. */
export async function standingOf(
  trained: Trained | null,
  { parameters, slots }: Pick<Manifest, "parameters" | "slots">,
): Promise<Checked<{ readonly standing: Standing | null }>> {
  if (trained === null) return { ok: true, standing: null };
  const { trainingName } = await import("../compiler/export/training-names.js");
  const problems: RunProblem[] = [];
  const find = (stored: readonly StoredTensor[], role: "parameter" | "slot"): Tensors =>
    new Map(
      stored.flatMap(({ name, shape }) => {
        const tensor = trained.tensors.get(trainingName({ name, role }));
        const problem = problemOf(name, shape, tensor);
        if (problem !== undefined) problems.push(problem);
        return tensor === undefined ? [] : [[name, tensor] as const];
      }),
    );
  const standing = { step: trained.step, parameters: find(parameters, "parameter"), slots: find(slots, "slot") };
  return problems.length > 0 ? refuse(...problems) : { ok: true, standing };
}

function problemOf(name: string, shape: readonly number[], tensor: Tensor | undefined): RunProblem | undefined {
  const problem = (message: string): RunProblem => ({
    code: "training-tensor",
    path: "",
    message,
    hint: "A training goes on with the model and the optimizer that it had.",
  });
  if (tensor === undefined) return problem(`The file has no ${name}, which the training needs.`);
  const { shape: found, data } = tensor;
  if (found.join() !== shape.join())
    return problem(
      `${name} in the file has shape [${found.join(", ")}], and the training wants [${shape.join(", ")}].`,
    );
  return data.every(Number.isFinite) ? undefined : problem(`${name} in the file holds numbers that are not finite.`);
}
