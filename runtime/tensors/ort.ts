/** Conversion between arrays and ONNX Runtime's tensors, in Node and in a browser. */
import { type InferenceSession, Tensor } from "onnxruntime-common";
import type { Port } from "../../compiler/artifact.js";
import type { NumericArray } from "./array.js";
import type { Tensors } from "./safetensors.js";

export function tensorOf(array: NumericArray): Tensor {
  switch (array.dtype) {
    case "float32":
      return new Tensor("float32", array.data, array.shape);
    case "int32":
      return new Tensor("int32", array.data, array.shape);
    case "int64":
      return new Tensor("int64", array.data, array.shape);
  }
}

/** Parameters as feeds of a session. */
export function feedsOf(tensors: Tensors): Readonly<Record<string, Tensor>> {
  const feeds = [...tensors].map(
    ([name, { shape, data }]) => [name, tensorOf({ dtype: "float32", shape, data })] as const,
  );
  return Object.fromEntries(feeds);
}

/** The values of a float32 output. */
export function floatsOf(outputs: InferenceSession.OnnxValueMapType, port: Port): Float32Array {
  const data = outputs[port.name]?.data;
  if (!(data instanceof Float32Array)) throw new Error(`The session returned no float32 output "${port.name}".`);
  return data;
}
