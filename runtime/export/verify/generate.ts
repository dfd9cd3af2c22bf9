/** Verifies the generate form: every sampled id must match the training's forward pass with the same noise. */

import { gumbelNoiseAt } from "../../../compiler/export/index.js";
import { mostSteps } from "../../../schema/kinds/layers.js";
import { outputActivationOf } from "../../../schema/kinds/outputs.js";
import { logitsOf } from "../../generation/sampling.js";
import { tensorOf } from "../../tensors/ort.js";
import type { FormVerifier } from "./model-under-test.js";
import { randomInputs } from "./random-inputs.js";

/** Ids to generate at most; few, because noise in float64 is slow. */
const MAX_LENGTH = 4;
const SEED = 7;
const TEMPERATURES = [0, 1];

export const verifyGeneration: FormVerifier = async ({ run, boundary, trainedModel, reference }, { batch, time }) => {
  const prompt = randomInputs(reference.ports, trainedModel, { batch, time }).get("inputs");
  if (prompt?.dtype !== "int32") throw new Error("The model does not read ids.");
  // The loop reads the last id too.
  const length = Math.min(MAX_LENGTH, mostSteps(trainedModel.spec.model) - time);
  let maxDifference = 0;
  for (const temperature of TEMPERATURES) {
    const results = await run({
      prompt: tensorOf(prompt),
      length: tensorOf({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(length)) }),
      temperature: tensorOf({ dtype: "float32", shape: [], data: Float32Array.of(temperature) }),
      seed: tensorOf({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(SEED)) }),
    });
    const tokens = results.tokens?.data;
    if (!(tokens instanceof Int32Array) || tokens.length !== batch * length) return Number.POSITIVE_INFINITY;
    // The prompt and the generated ids as one sequence.
    const steps = time + length;
    const fullIds = new Int32Array(batch * steps);
    for (let row = 0; row < batch; row++) {
      fullIds.set(prompt.data.subarray(row * time, (row + 1) * time), row * steps);
      fullIds.set(tokens.subarray(row * length, (row + 1) * length), row * steps + time);
    }
    const ids = { dtype: "int32", shape: [batch, steps], data: fullIds } as const;
    const [output] = (await reference.predict(new Map([["inputs", ids]]), batch)).values();
    if (output === undefined) throw new Error("The model has no output.");
    const vocabularySize = output.shape.at(-1) ?? 1;
    for (let index = 0; index < length; index++) {
      const noise = temperature === 0 ? undefined : gumbelNoiseAt(SEED, index, batch, vocabularySize);
      for (let row = 0; row < batch; row++) {
        const start = (row * steps + time - 1 + index) * vocabularySize;
        const logits = logitsOf(
          output.data.subarray(start, start + vocabularySize),
          outputActivationOf(trainedModel.spec.model),
          boundary.excludedIds,
        );
        const scores = logits.map((logit, id) => logit + temperature * (noise?.[row * vocabularySize + id] ?? 0));
        const maximum = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
        const chosenScore = scores[tokens[row * length + index] ?? -1] ?? Number.NEGATIVE_INFINITY;
        maxDifference = Math.max(maxDifference, maximum - chosenScore);
      }
    }
  }
  return Number.isNaN(maxDifference) ? Number.POSITIVE_INFINITY : maxDifference;
};
