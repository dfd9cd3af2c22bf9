/** Trained matrices that are transposes of others, as exporters store a weight that an embedding and a dense layer share. */
import { listFirst } from "../../schema/counts.js";
import type { WeightInput } from "../importer/index.js";

/** A notice of the weights that are trained as two. */
export function transposedNotice(weights: readonly WeightInput[]): readonly string[] {
  const pairs = transposedPairs(weights);
  if (pairs.length === 0) return [];
  const listed = pairs.map(([first, second]) => `${first.name} and ${second.name}`);
  return [
    `Weights that are transposes of each other are trained as two: ${listFirst(listed, 5)}. Where they are one weight of the source, freeze one with --freeze, or export the model without simplifications: optimize=False of torch.onnx.export.`,
  ];
}

/** Pairs of matrices whose entries are equal, with rows and columns exchanged. */
function transposedPairs(weights: readonly WeightInput[]): readonly (readonly [WeightInput, WeightInput])[] {
  const matrices = weights.filter(({ shape }) => shape.length === 2 && shape.every((size) => Number(size) > 1));
  return matrices.flatMap((first, index) =>
    matrices.slice(index + 1).flatMap((second) => (isTranspose(first, second) ? [[first, second] as const] : [])),
  );
}

/** False for two matrices that are equal without an exchange, too, as fresh matrices of zeros or identities are. */
function isTranspose(first: WeightInput, second: WeightInput): boolean {
  const [rows = 0, columns = 0] = first.shape.map(Number);
  if (Number(second.shape[0]) !== columns || Number(second.shape[1]) !== rows) return false;
  const [a, b] = [first.values(), second.values()];
  let differs = false;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      if (a[row * columns + column] !== b[column * rows + row]) return false;
      differs ||= a[row * columns + column] !== b[row * columns + column];
    }
  return differs;
}
