/** Beam search with a trained decoder; greedy decoding with a beam of 1. */
import type { InferenceSession } from "onnxruntime-common";
import type { Manifest } from "../../compiler/artifact.js";
import type { Batch } from "../data/source.js";
import { padRows } from "../data/vocabulary/tokens.js";
import { feedsFor, portsWithRole, predictionPort } from "../sessions/ports.js";
import type { NumericArray } from "../tensors/array.js";
import { floatsOf } from "../tensors/ort.js";
import { gatherRows } from "../tensors/rows.js";
import { logSoftmax } from "../tensors/scores.js";

export interface BeamSearchOptions {
  readonly startId: number;
  readonly endId: number;
  /** Maximum length of a sequence, without the end token. */
  readonly maxLength: number;
  /** Hypotheses per example; 1 is greedy. */
  readonly beamWidth: number;
  /** True for a model that outputs probabilities, and not logits. */
  readonly outputsProbabilities: boolean;
}

/** A partial or complete sequence, without start and end tokens. */
interface Hypothesis {
  readonly ids: readonly number[];
  /** Sum of the log probabilities of its tokens. */
  readonly score: number;
  readonly isComplete: boolean;
}

/** The mean log probability per token, so that long sequences are not penalized. */
function normalizedScore({ ids, score }: Hypothesis): number {
  return score / (ids.length + 1);
}

/** The indices of the largest entries, the first of equals first. */
function topIndices(scores: Float64Array, count: number): readonly number[] {
  const ranked = Array.from(scores.keys()).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
  return ranked.slice(0, count);
}

/**
 * Decodes one sequence for each example.
 *
 * @param model a session of model.onnx with its weights, whose decoder reads `decoder_inputs`.
 * @param batch the encoder's inputs: `inputs`, and `lengths` where the model has them.
 * @returns the ids of each sequence, without start and end tokens.
 */
export async function beamSearch(
  model: InferenceSession,
  manifest: Pick<Manifest, "model">,
  batch: Batch,
  options: BeamSearchOptions,
): Promise<readonly (readonly number[])[]> {
  const { startId, endId, maxLength, beamWidth, outputsProbabilities } = options;
  const prediction = predictionPort(manifest.model);
  const examples = batch.get("inputs")?.shape[0] ?? 0;

  /** Log probabilities of the next token after each prefix; all prefixes have the same length. */
  const scoreNextTokens = async (rows: readonly { readonly example: number; readonly ids: readonly number[] }[]) => {
    const timeSteps = (rows[0]?.ids.length ?? 0) + 1;
    const decoderArrays: Record<string, NumericArray> = {
      decoder_inputs: padRows(
        rows.map(({ ids }) => [startId, ...ids]),
        timeSteps,
      ),
      target_lengths: {
        dtype: "int64",
        shape: [rows.length],
        data: BigInt64Array.from(rows, () => BigInt(timeSteps)),
      },
    };
    const exampleIndices = rows.map(({ example }) => example);
    const feeds = feedsFor(portsWithRole(manifest.model.inputs, "data"), ({ name }) => {
      // A batch of pairs has targets for the decoder, which must not be read here.
      const encoderArray = batch.get(name);
      return decoderArrays[name] ?? (encoderArray && gatherRows(encoderArray, exampleIndices));
    });
    const results = await model.run(feeds);
    const scores = floatsOf(results, prediction);
    const width = scores.length / rows.length / timeSteps;
    return rows.map((_, row) => {
      const offset = ((row + 1) * timeSteps - 1) * width;
      const values = scores.subarray(offset, offset + width);
      return outputsProbabilities ? Float64Array.from(values, Math.log) : logSoftmax(values);
    });
  };

  let beam: readonly (readonly Hypothesis[])[] = Array.from({ length: examples }, () => [
    { ids: [], score: 0, isComplete: false },
  ]);
  for (let length = 0; length < maxLength; length++) {
    const incomplete = beam.flatMap((hypotheses, example) =>
      hypotheses.filter(({ isComplete }) => !isComplete).map((hypothesis) => ({ ...hypothesis, example })),
    );
    if (incomplete.length === 0) break;
    const scores = await scoreNextTokens(incomplete);
    const candidates = beam.map((hypotheses) => hypotheses.filter(({ isComplete }) => isComplete));
    incomplete.forEach(({ example, ids, score }, row) => {
      const nextScores = scores[row] ?? new Float64Array();
      for (const id of topIndices(nextScores, beamWidth)) {
        const total = score + (nextScores[id] ?? 0);
        const isComplete = id === endId;
        candidates[example]?.push({ ids: isComplete ? ids : [...ids, id], score: total, isComplete });
      }
    });
    beam = candidates.map((hypotheses) =>
      hypotheses.sort((a, b) => normalizedScore(b) - normalizedScore(a)).slice(0, beamWidth),
    );
  }
  return beam.map((hypotheses) => hypotheses[0]?.ids ?? []);
}
