/** How far what an exported model says is from what the training's forward pass said. */
import type { Tensor } from "onnxruntime-common";
import type { Boundary } from "../../../compiler/export/options.js";
import { unscaled } from "../../data/scaler.js";
import type { Said } from "./reference.js";

/** The largest difference of any output; beyond 1 it is relative to the largest number of the output. */
export function difference(results: Readonly<Record<string, Tensor>>, said: Said, boundary: Boundary): number {
  const expected = expectations(said, boundary);
  const differences = Object.entries(expected).map(([name, values]) => {
    const given = results[name]?.data;
    return given instanceof Float32Array && given.length === values.length
      ? apart(given, values)
      : Number.POSITIVE_INFINITY;
  });
  if (boundary.answers !== "numbers") differences.push(wrongClass(results.classes?.data, said, boundary));
  return Math.max(...differences);
}

function apart(given: Float32Array, values: Float64Array): number {
  let [largest, size] = [0, 1];
  for (const [place, value] of values.entries()) {
    const gap = Math.abs((given[place] ?? Number.NaN) - value);
    // A NaN is equal to nothing, and so is an infinity that should be a number.
    largest = Number.isNaN(gap) ? Number.POSITIVE_INFINITY : Math.max(largest, gap);
    size = Math.max(size, Math.abs(value));
  }
  return largest / size;
}

/** The model's float outputs by name, of what its last layer said. */
function expectations(
  { shape, data }: Said,
  { answers, logits, outputs }: Boundary,
): Readonly<Record<string, Float64Array>> {
  const values = Float64Array.from(data);
  const width = shape.at(-1) ?? 1;
  if (answers === "numbers") {
    const back = values.map((value, place) => {
      const scaling = outputs?.[place % width];
      return scaling ? unscaled(value, scaling) : value;
    });
    return { outputs: back };
  }
  if (!logits) return { probabilities: values };
  if (answers === "probabilities")
    return { logits: values, probabilities: values.map((score) => 1 / (1 + Math.exp(-score))) };
  const probabilities = new Float64Array(values.length);
  for (let start = 0; start < values.length; start += width) {
    const scores = values.subarray(start, start + width);
    const most = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const powers = scores.map((score) => Math.exp(score - most));
    const sum = powers.reduce((a, b) => a + b, 0);
    probabilities.set(
      powers.map((power) => power / sum),
      start,
    );
  }
  return { logits: values, probabilities };
}

/** How much less likely than the likeliest a class is that the model calls the likeliest: 0 where it is right. */
function wrongClass(classes: unknown, { shape, data }: Said, { answers, logits }: Boundary): number {
  if (!(classes instanceof BigInt64Array)) return Number.POSITIVE_INFINITY;
  const width = answers === "probabilities" ? 1 : (shape.at(-1) ?? 1);
  if (classes.length * width !== data.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (const [row, chosen] of classes.entries()) {
    const scores = data.subarray(row * width, (row + 1) * width);
    if (answers === "probabilities") {
      const above = (scores[0] ?? Number.NaN) - (logits ? 0 : 0.5);
      worst = Math.max(worst, chosen === 1n ? -above : above);
      continue;
    }
    const most = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    worst = Math.max(worst, most - (scores[Number(chosen)] ?? Number.NEGATIVE_INFINITY));
  }
  return Number.isNaN(worst) ? Number.POSITIVE_INFINITY : worst;
}
