/** Tensors as lists of rows, for reference implementations in plain numbers. */
import type { Tensor } from "../../../../../compiler/ir/types.js";
import type { Matrix, Parameters, Row } from "./cell-references.js";

/** [batch, time, features] as lists. */
export function rowsOf({ shape: [sequences = 0, steps = 0, width = 0], data }: Tensor): readonly Matrix[] {
  const row = (index: number): Row => [...data.slice(index * width, (index + 1) * width)];
  return Array.from({ length: sequences }, (_, sequence) =>
    Array.from({ length: steps }, (_, step) => row(sequence * steps + step)),
  );
}

/** The parameters of the first cell of the layer `rnn`, by their names in the cell. */
export function parametersOf(operands: ReadonlyMap<string, Tensor>): Parameters {
  const tensorOf = (name: string): Tensor => {
    const tensor = operands.get(`rnn/0/${name}`);
    if (tensor === undefined) throw new Error(`the cell has no parameter ${name}`);
    return tensor;
  };
  return {
    matrix(name) {
      const { shape, data } = tensorOf(name);
      return rowsOf({ dtype: "float32", shape: [1, ...shape], data })[0] ?? [];
    },
    vector: (name) => [...tensorOf(name).data],
  };
}
