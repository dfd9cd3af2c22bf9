/** Primitives whose results depend only on attributes and shapes. */
import { printShape } from "../ir/dims.js";
import { at } from "../ir/expect.js";
import { tabulate, tensor } from "../ir/tensor.js";
import type { Family, Traits } from "./rule.js";

const traits: Traits = {
  family: "constant",
  broadcasting: false,
  commutative: false,
  bitExact: "unproven",
  flops: "none",
  worthStacking: false,
};

export const constants: Family<"Constant" | "Range" | "Size"> = {
  Constant: {
    traits,
    infer: (_, { value }) => [{ dtype: value.dtype, shape: value.shape }],
    vjp: "none",
    batch: "stay",
    evaluate: (_, { value }) => [value],
  },
  Range: {
    traits,
    infer: (inputs, { limit }) => {
      const [count] = inputs;
      if (count !== undefined && (count.dtype !== "int64" || count.shape.length > 0))
        throw new Error(`the limit is ${count.dtype}${printShape(count.shape)}, not an int64 scalar`);
      return [{ dtype: "int64", shape: [limit] }];
    },
    vjp: "none",
    batch: "stay",
    evaluate: ([count], { limit }, { size }) => [
      tabulate("int64", [count?.data[0] ?? size(limit)], (index) => at(index, 0)),
    ],
  },
  Size: {
    traits: { ...traits, bitExact: "yes" },
    infer: () => [{ dtype: "int64", shape: [] }],
    vjp: "none",
    // The batch axis must not be counted.
    batch: (b, _, inputs, _batched, size) => [
      b.expand(b.unsqueeze(b.size(b.slice(at(inputs, 0), 0, 0, 1)), [0]), [size]),
    ],
    evaluate: (inputs) => [tensor("int64", [], [at(inputs, 0).data.length])],
  },
};
