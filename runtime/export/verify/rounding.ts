/**
 * The tolerance of a model that amplifies rounding, such as one with a norm of nearly equal numbers: its outputs differ
 * between two correct graphs of the same weights.
 */
import { randomStream } from "../../tensors/random.js";
import type { Tensors } from "../../tensors/safetensors.js";
import { relativeDifference } from "./compare.js";
import { type ModelUnderTest, rawAndScaled } from "./model-under-test.js";
import { randomInputs, type Sizes } from "./random-inputs.js";
import { openReference } from "./reference.js";

/** The spacing of float32 numbers at 1. */
const ROUNDING = 2 ** -23;
/** Roundings between an input and an output, each of which counts as one of the weights. */
const ROUNDINGS = 10;
/** Outputs that differ by more have no use, even where it is rounding. */
const LARGEST = 1e-3;

export interface RoundingTolerance {
  /** Between `usual` and the largest tolerance. */
  readonly tolerance: number;
  /** A multiple of the change of the outputs when every weight changes by a rounding of a number of size 1. */
  readonly rounding: number;
}

/** @param usual the tolerance of other models. */
export async function roundingTolerance(
  { trainedModel, reference, boundary }: Pick<ModelUnderTest, "trainedModel" | "reference" | "boundary">,
  runs: readonly Sizes[],
  usual: number,
): Promise<RoundingTolerance> {
  const changed = await openReference({ ...trainedModel, parameters: withRoundings(trainedModel.parameters) });
  let change = 0;
  for (const sizes of runs) {
    const { scaledInputs } = rawAndScaled(randomInputs(reference.ports, trainedModel, sizes), boundary);
    const [before, after] = [
      await reference.predict(scaledInputs, sizes.batch),
      await changed.predict(scaledInputs, sizes.batch),
    ];
    for (const [port, { data }] of before)
      change = Math.max(change, relativeDifference(after.get(port)?.data ?? new Float32Array(), data));
  }
  await changed.release();
  const rounding = Number.isFinite(change) ? ROUNDINGS * change : 0;
  return { tolerance: Math.max(usual, Math.min(rounding, LARGEST)), rounding };
}

function withRoundings(parameters: Tensors): Tensors {
  return new Map(
    [...parameters].map(([name, { shape, data }]) => {
      const random = randomStream(1, "rounding", name);
      const changed = data.map((x) => x + (random.uniform() < 0.5 ? -1 : 1) * ROUNDING * Math.max(1, Math.abs(x)));
      return [name, { shape, data: changed }];
    }),
  );
}
