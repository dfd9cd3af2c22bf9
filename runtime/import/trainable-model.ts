/**
 * A model file with training state (`export --with-training`): spec, fitted metadata, weights and optimizer state. The
 * file is untrusted: its contents are checked, and no file that it names is opened.
 */
import { readFileSync } from "node:fs";
import type { Signature } from "../../compiler/signature.js";
import { isObject } from "../../schema/json-pointer.js";
import type { Metadata } from "../data/metadata.js";
import { fail, ok, type Result } from "../result.js";
import { unreadableFile } from "../storage/system-errors.js";
import { elementCount } from "../tensors/array.js";
import type { Tensor, Tensors } from "../tensors/safetensors.js";
import { checkExternalData } from "./external-data.js";

export interface TrainableModel {
  /** The normalized spec, as JSON. */
  readonly spec: string;
  readonly metadata: Metadata;
  /** The signature of the training data. */
  readonly signature: Signature;
  /** Training steps so far. */
  readonly step: number;
  /** Weights by public name; other training state by `trainingName`. */
  readonly tensors: Tensors;
}

/** The value of the metadata key `rnnx.training`. */
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
    return fail([unreadableFile("", file, error)]);
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
    return invalid("not-a-model", "is damaged: its training state cannot be read");
  }
  if (trainingTensors === undefined || spec === undefined || record === undefined)
    return invalid(
      "no-training",
      "contains no training state of rnnx",
      "Export one with rnnx export RUN --out FILE --with-training; rnnx grad trains models of other programs.",
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
  if (step < 0n || step > 1_000_000_000n) return invalid("not-a-model", "is damaged: it has no training step");
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
