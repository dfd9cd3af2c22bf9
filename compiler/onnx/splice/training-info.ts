/** `training_info` in the bytes of a model: appended to a finished model, and read without decoding graphs. */

import protobuf from "protobufjs/minimal.js";
import { expectDefined } from "../../ir/expect.js";
import {
  bytesTag,
  dataTypeName,
  ENTRY,
  fields,
  GRAPH,
  MODEL,
  readPackedVarints,
  TENSOR,
  TRAINING,
} from "../protobuf.js";
import { readText } from "../read/tensors.js";
import { encodeGraph, type GraphProto } from "../write/messages.js";

export interface TrainingInfo {
  readonly initialization: GraphProto;
  /** Bytes of a GraphProto. */
  readonly algorithm: Uint8Array;
  /** Initializers, and the outputs that replace them. */
  readonly initializationBinding: readonly (readonly [string, string])[];
  readonly updateBinding: readonly (readonly [string, string])[];
}

/** A model's graph, without the types of initializers of another graph. */
export function graphBytes(model: Uint8Array): Uint8Array {
  const graph = [...fields(model)].find(({ field }) => field === MODEL.graph);
  const writer = protobuf.Writer.create();
  for (const { field, bytes: content } of fields(expectDefined(graph, "the graph of a model").bytes))
    if (field !== GRAPH.valueInfo) writer.uint32(bytesTag(field)).bytes(content);
  return writer.finish();
}

export function withTrainingInfo(model: Uint8Array, info: TrainingInfo): Uint8Array {
  const writer = protobuf.Writer.create();
  writer.uint32(bytesTag(MODEL.trainingInfo)).fork();
  writer.uint32(bytesTag(TRAINING.initialization)).bytes(encodeGraph(info.initialization));
  writer.uint32(bytesTag(TRAINING.algorithm)).bytes(info.algorithm);
  for (const binding of ["initializationBinding", "updateBinding"] as const)
    for (const [key, value] of info[binding]) {
      writer.uint32(bytesTag(TRAINING[binding])).fork();
      writer.uint32(bytesTag(ENTRY.key)).string(key);
      writer.uint32(bytesTag(ENTRY.value)).string(value);
      writer.ldelim();
    }
  writer.ldelim();
  return Buffer.concat([model, writer.finish()]);
}

/** A tensor of a file. `data` is undefined if the values are in another file, or not in `raw_data`. */
export interface RawTensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array | undefined;
}

/**
 * The initializers of the model and of its training by name, or undefined if it has no training.
 *
 * @param model bytes that `readModel` accepts. Throws if a part that `readModel` skips is damaged.
 */
export function readTrainingTensors(model: Uint8Array): ReadonlyMap<string, RawTensor> | undefined {
  const tensors = new Map<string, RawTensor>();
  let hasTraining = false;
  const readInitializers = (graph: Uint8Array) => {
    for (const { field, bytes: content } of fields(graph))
      if (field === GRAPH.initializer) {
        const tensor = readRawTensor(content);
        tensors.set(tensor.name, tensor);
      }
  };
  for (const { field, bytes: content } of fields(model)) {
    if (field === MODEL.graph) readInitializers(content);
    if (field !== MODEL.trainingInfo) continue;
    for (const entry of fields(content))
      if (entry.field === TRAINING.algorithm) {
        hasTraining = true;
        readInitializers(entry.bytes);
      }
  }
  return hasTraining ? tensors : undefined;
}

function readRawTensor(content: Uint8Array): RawTensor {
  let [name, dtype] = ["", "unknown"];
  let data: Uint8Array | undefined;
  let isExternal = false;
  const shape: number[] = [];
  for (const { field, number, bytes: value } of fields(content)) {
    if (field === TENSOR.name) name = readText(value);
    else if (field === TENSOR.dataType) dtype = dataTypeName(number);
    else if (field === TENSOR.dims) shape.push(...(value.length === 0 ? [number] : readPackedVarints(value)));
    else if (field === TENSOR.rawData) data = value;
    else if (field === TENSOR.externalData) isExternal = true;
  }
  return { name, dtype, shape, data: isExternal ? undefined : data };
}
