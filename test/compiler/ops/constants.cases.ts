/** Cases of the primitives whose results depend only on attributes and shapes. */
import { scalarTensor, tensor } from "../../../compiler/ir/tensor.js";
import type { Cases } from "./case.js";
import { below, constant, normal } from "./sample.js";

export const constants: Cases<"Constant" | "Range" | "Size"> = {
  Constant: [
    { title: "a scalar", operands: [], attributes: { value: scalarTensor(0.5) } },
    { title: "a matrix of integers", operands: [], attributes: { value: tensor("int64", [2, 1], [3, -4]) } },
  ],
  Range: [
    { title: "a number", operands: [], attributes: { limit: 4 } },
    { title: "an operand", operands: [constant("int64", [], 5)], attributes: { limit: "rows" } },
  ],
  Size: [
    { title: "a matrix", operands: [normal(2, 3)], attributes: {} },
    { title: "symbolic axes", operands: [below(5, "batch", "time")], attributes: {} },
  ],
};
