/** `training_info` in the bytes of a model: written behind a finished one, and its tensors read back without decoding graphs. */
import type { onnx } from "onnx-proto";
import protobuf from "protobufjs/minimal.js";
import { present } from "../ir/present.js";
import { dtypeName, readText } from "./read-tensor.js";
import { bytes, ENTRY, fields, GRAPH, MODEL, packed, TENSOR, TRAINING } from "./wire.js";

export interface TrainingInfo {
  readonly initialization: onnx.IGraphProto;
  /** Bytes of a GraphProto. */
  readonly algorithm: Uint8Array;
  /** Initializers, and the outputs that they become. */
  readonly initializationBinding: readonly (readonly [string, string])[];
  readonly updateBinding: readonly (readonly [string, string])[];
}

/** A model's graph, without what it says of initializers that another graph has. */
export function graphOf(model: Uint8Array): Uint8Array {
  const graph = [...fields(model)].find(({ field }) => field === MODEL.graph);
  const writer = protobuf.Writer.create();
  for (const { field, bytes: content } of fields(present(graph, "the graph of a model").bytes))
    if (field !== GRAPH.valueInfo) writer.uint32(bytes(field)).bytes(content);
  return writer.finish();
}

export async function withTraining(model: Uint8Array, info: TrainingInfo): Promise<Uint8Array> {
  const { default: onnxProto } = await import("onnx-proto");
  const writer = protobuf.Writer.create();
  writer.uint32(bytes(MODEL.trainingInfo)).fork();
  writer.uint32(bytes(TRAINING.initialization)).bytes(onnxProto.onnx.GraphProto.encode(info.initialization).finish());
  writer.uint32(bytes(TRAINING.algorithm)).bytes(info.algorithm);
  for (const binding of ["initializationBinding", "updateBinding"] as const)
    for (const [key, value] of info[binding]) {
      writer.uint32(bytes(TRAINING[binding])).fork();
      writer.uint32(bytes(ENTRY.key)).string(key);
      writer.uint32(bytes(ENTRY.value)).string(value);
      writer.ldelim();
    }
  writer.ldelim();
  return Buffer.concat([model, writer.finish()]);
}

/** A tensor as it stands in a file; `data` is undefined where its numbers are elsewhere or in a form that is not read. */
export interface StoredNumbers {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array | undefined;
}

/**
 * The initializers of the model and of its training, by name; undefined where it has no training.
 *
 * @param model bytes that `readModel` has read. What it did not read may be damaged: then this throws.
 */
export function readTraining(model: Uint8Array): ReadonlyMap<string, StoredNumbers> | undefined {
  const found = new Map<string, StoredNumbers>();
  let trains = false;
  const read = (graph: Uint8Array) => {
    for (const { field, bytes: content } of fields(graph))
      if (field === GRAPH.initializer) {
        const tensor = readNumbers(content);
        found.set(tensor.name, tensor);
      }
  };
  for (const { field, bytes: content } of fields(model)) {
    if (field === MODEL.graph) read(content);
    if (field !== MODEL.trainingInfo) continue;
    for (const part of fields(content))
      if (part.field === TRAINING.algorithm) {
        trains = true;
        read(part.bytes);
      }
  }
  return trains ? found : undefined;
}

function readNumbers(content: Uint8Array): StoredNumbers {
  let [name, dtype] = ["", "unknown"];
  let data: Uint8Array | undefined;
  let external = false;
  const shape: number[] = [];
  for (const { field, number, bytes: part } of fields(content)) {
    if (field === TENSOR.name) name = readText(part);
    else if (field === TENSOR.dataType) dtype = dtypeName(number);
    else if (field === TENSOR.dims) shape.push(...(part.length === 0 ? [number] : packed(part)));
    else if (field === TENSOR.rawData) data = part;
    else if (field === TENSOR.externalData) external = true;
  }
  return { name, dtype, shape, data: external ? undefined : data };
}
