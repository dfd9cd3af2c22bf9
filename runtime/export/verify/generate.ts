/** The generate form on trial: every id that it has drawn is the one that the training's forward pass and the same noise give. */
import { noiseAt } from "../../../compiler/export/index.js";
import { logitsOf, scoresOf } from "../../sampling.js";
import { tensorOf } from "../../tensors.js";
import { drawInputs } from "./draw.js";
import type { Try } from "./trial.js";

/** Ids to write: few, for noise in float64 takes long. */
const LENGTH = 4;
const SEED = 7;
const TEMPERATURES = [0, 1];

export const tryGeneration: Try = async ({ run, boundary, subject, reference }, { batch, time }) => {
  const prompt = drawInputs(reference.ports, subject, { batch, time }).get("inputs");
  if (prompt?.dtype !== "int32") throw new Error("The model reads no ids.");
  let largest = 0;
  for (const temperature of TEMPERATURES) {
    const results = await run({
      prompt: tensorOf(prompt),
      length: tensorOf({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(LENGTH)) }),
      temperature: tensorOf({ dtype: "float32", shape: [], data: Float32Array.of(temperature) }),
      seed: tensorOf({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(SEED)) }),
    });
    const tokens = results.tokens?.data;
    if (!(tokens instanceof Int32Array) || tokens.length !== batch * LENGTH) return Number.POSITIVE_INFINITY;
    // What was read and written, read in one go.
    const steps = time + LENGTH;
    const whole = new Int32Array(batch * steps);
    for (let row = 0; row < batch; row++) {
      whole.set(prompt.data.subarray(row * time, (row + 1) * time), row * steps);
      whole.set(tokens.subarray(row * LENGTH, (row + 1) * LENGTH), row * steps + time);
    }
    const said = await reference.predict(
      new Map([["inputs", { dtype: "int32", shape: [batch, steps], data: whole }]]),
      batch,
    );
    const ids = said.shape.at(-1) ?? 1;
    for (let place = 0; place < LENGTH; place++) {
      const noise = temperature === 0 ? undefined : noiseAt(SEED, place, batch, ids);
      for (let row = 0; row < batch; row++) {
        const start = (row * steps + time - 1 + place) * ids;
        const logits = logitsOf(said.data.subarray(start, start + ids), scoresOf(subject.spec.model), boundary.never);
        const scores = logits.map((logit, id) => logit + temperature * (noise?.[row * ids + id] ?? 0));
        const most = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
        const chosen = scores[tokens[row * LENGTH + place] ?? -1] ?? Number.NEGATIVE_INFINITY;
        largest = Math.max(largest, most - chosen);
      }
    }
  }
  return Number.isNaN(largest) ? Number.POSITIVE_INFINITY : largest;
};
