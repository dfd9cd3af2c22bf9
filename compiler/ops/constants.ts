/** Primitives that make values out of nothing but their attributes and shapes. */
import { tabulate, tensor } from "../ir/tensor.js";
import { at, type Family } from "./rule.js";

export const constants: Family<"Constant" | "Range" | "Size"> = {
  Constant: {
    infer: (_, { value }) => [{ dtype: value.dtype, shape: value.shape }],
    vjp: "none",
    batch: "stay",
    evaluate: (_, { value }) => [value],
  },
  Range: {
    infer: (_, { limit }) => [{ dtype: "int64", shape: [limit] }],
    vjp: "none",
    batch: "stay",
    evaluate: (_, { limit }, { size }) => [tabulate("int64", [size(limit)], (index) => at(index, 0))],
  },
  Size: {
    infer: () => [{ dtype: "int64", shape: [] }],
    vjp: "none",
    // The number of elements would count the new axis too.
    batch: () => undefined,
    evaluate: (inputs) => [tensor("int64", [], [at(inputs, 0).data.length])],
  },
};
