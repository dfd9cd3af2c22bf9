/**
 * A model file that can go on learning (`export --with-training`): its spec, what it learnt of its data, and its training as it
 * stands. The file is somebody's: nothing in it is believed before it is checked, and no name in it is opened.
 */
import { readFileSync } from "node:fs";
import type { Manifest, StoredTensor } from "../../compiler/artifact.js";
import type { Signature } from "../../compiler/signature.js";
import type { Metadata } from "../data/metadata.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import { unreadableFile } from "../storage/system-errors.js";
import { elementCount } from "../tensors/array.js";
import type { Tensor, Tensors } from "../tensors/safetensors.js";
import { checkExternalData } from "./external-data.js";

export interface TrainableModel {
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
export const metadataKeys = { spec: "rnnx.spec", training: "rnnx.training" } as const;

export async function readTrainableModel(file: string): Promise<Result<TrainableModel>> {
  const invalid = (code: string, message: string, hint = "") =>
    fail([{ code, path: "", file, message: `"${file}" ${message}.`, hint }]);
  const [{ readModel }, { readTrainingTensors }, { trainingName }] = await Promise.all([
    import("../../compiler/onnx/read/model.js"),
    import("../../compiler/onnx/splice/training-info.js"),
    import("../../compiler/export/training-names.js"),
  ]);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    return fail([{ ...unreadableFile("", file, error), hint: "" }]);
  }
  const modelResult = readModel(bytes);
  if (!modelResult.ok) return fail([{ ...modelResult.problem, path: "", file }]);
  const { metadata, initializers } = modelResult.model;
  const dataProblems = checkExternalData(file, initializers);
  if (dataProblems.length > 0) return fail(dataProblems);
  const [spec, record] = [metadata[metadataKeys.spec], parseRecord(metadata[metadataKeys.training])];
  let trainingTensors: ReturnType<typeof readTrainingTensors>;
  try {
    trainingTensors = readTrainingTensors(bytes);
  } catch {
    return invalid("not-a-model", "is damaged: its training cannot be read");
  }
  if (trainingTensors === undefined || spec === undefined || record === undefined)
    return invalid(
      "no-training",
      "holds a model and no training of rnnx's to go on with",
      "rnnx export RUN --out FILE --with-training writes files that do.",
    );
  const tensors = new Map<string, Tensor>();
  for (const { name, dtype, shape, data } of trainingTensors.values()) {
    const elements = elementCount(shape);
    if (dtype === "float32" && data?.byteLength === elements * 4)
      tensors.set(name, { shape, data: new Float32Array(Uint8Array.from(data).buffer) });
  }
  const counter = trainingTensors.get(trainingName({ name: "step", role: "step" }));
  const step =
    counter?.dtype === "int64" && counter.data?.length === 8 ? Buffer.from(counter.data).readBigInt64LE() : -1n;
  if (step < 0n || step > 1_000_000_000n)
    return invalid("not-a-model", "is damaged: it does not say how long it was trained");
  return ok({ spec, ...record, step: Number(step), tensors });
}

function parseRecord(text: string | undefined): Omit<TrainingRecord, "format"> | undefined {
  try {
    const record: Partial<TrainingRecord> = JSON.parse(text ?? "");
    const { format, metadata, signature } = record;
    const isComplete = format === 1 && isObject(metadata) && isObject(signature) && isObject(signature.sizes);
    return isComplete ? { metadata, signature } : undefined;
  } catch {
    return undefined;
  }
}

function isObject<T>(value: T | undefined): value is T & object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export interface ResumePoint {
  readonly step: number;
  readonly parameters: Tensors;
  readonly slots: Tensors;
}

/** Where a training stands, in the tensors of a model: all of them, and of its shapes; or what is wrong with them. */
export async function findResumePoint(
  model: TrainableModel | null,
  { parameters, slots }: Pick<Manifest, "parameters" | "slots">,
): Promise<Result<ResumePoint | null>> {
  if (model === null) return ok(null);
  const { trainingName } = await import("../../compiler/export/training-names.js");
  const problems: RunProblem[] = [];
  const collect = (storedTensors: readonly StoredTensor[], role: "parameter" | "slot"): Tensors =>
    new Map(
      storedTensors.flatMap(({ name, shape }) => {
        const tensor = model.tensors.get(trainingName({ name, role }));
        const problem = tensorProblem(name, shape, tensor);
        if (problem !== undefined) problems.push(problem);
        return tensor === undefined ? [] : [[name, tensor] as const];
      }),
    );
  const resumePoint = { step: model.step, parameters: collect(parameters, "parameter"), slots: collect(slots, "slot") };
  return problems.length > 0 ? fail(problems) : ok(resumePoint);
}

function tensorProblem(name: string, shape: readonly number[], tensor: Tensor | undefined): RunProblem | undefined {
  const problem = (message: string): RunProblem => ({
    code: "training-tensor",
    path: "",
    message,
    hint: "A training goes on with the model and the optimizer that it had.",
  });
  if (tensor === undefined) return problem(`The file has no ${name}, which the training needs.`);
  const { shape: actualShape, data } = tensor;
  if (actualShape.join() !== shape.join())
    return problem(
      `${name} in the file has shape [${actualShape.join(", ")}], and the training wants [${shape.join(", ")}].`,
    );
  return data.every(Number.isFinite) ? undefined : problem(`${name} in the file holds numbers that are not finite.`);
}
