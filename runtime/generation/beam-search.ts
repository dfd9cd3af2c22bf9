/**
 * Beam search with a trained decoder; greedy decoding with a beam of 1. The search is monotonic: a wider beam finds every
 * sequence that a narrower one finds (S. Lemons et al., Beam Search: Faster and Monotonic, ICAPS 2022).
 */
import type { InferenceSession } from "onnxruntime-common";
import type { Manifest } from "../../compiler/artifact.js";
import type { Batch } from "../data/source.js";
import { padRows } from "../data/vocabulary/tokens.js";
import { feedsFor, portsWithRole, predictionPort } from "../sessions/ports.js";
import type { NumericArray } from "../tensors/array.js";
import { floatsOf } from "../tensors/ort.js";
import { gatherRows } from "../tensors/rows.js";
import { argmax, logSoftmax } from "../tensors/scores.js";

export interface BeamSearchOptions {
  readonly startId: number;
  readonly endId: number;
  /** Maximum number of tokens that are decoded, with the end token. */
  readonly maxTokens: number;
  /** Hypotheses per example; 1 is greedy. */
  readonly beamWidth: number;
  /** True for a model that outputs probabilities, and not logits. */
  readonly outputsProbabilities: boolean;
}

export interface DecodedSequence {
  /** Without start and end tokens. */
  readonly ids: readonly number[];
  /** False for a sequence that is cut at the maximum number of tokens, before its end token. */
  readonly isComplete: boolean;
}

/** A partial or complete sequence. */
interface Hypothesis extends DecodedSequence {
  /** Sum of the log probabilities of its tokens, with the end token if it is complete. */
  readonly score: number;
}

/** The mean log probability per token, so that long sequences are not penalized. */
function normalizedScore({ ids, score, isComplete }: Hypothesis): number {
  return score / (ids.length + (isComplete ? 1 : 0));
}

/** The indices of the largest entries, the first of equals first. */
function topIndices(scores: Float64Array, count: number): readonly number[] {
  const ranked = Array.from(scores.keys()).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
  return ranked.slice(0, count);
}

/**
 * The next beam of one example, ranked. Each entry is the best continuation, not taken yet, of the hypotheses of its own
 * rank and better ones, so that the first ranks do not depend on the beam width. A complete hypothesis keeps its rank.
 *
 * @param continuations of each hypothesis of the beam; none of complete ones.
 */
function nextBeam(
  beam: readonly Hypothesis[],
  continuations: readonly (readonly Hypothesis[])[],
  beamWidth: number,
): readonly Hypothesis[] {
  const next: Hypothesis[] = [];
  // All have the same number of tokens: sums and means have the same order.
  const available: Hypothesis[] = [];
  for (let rank = 0; rank < beamWidth; rank++) {
    const held = beam[rank];
    if (held?.isComplete === true) {
      next.push(held);
      continue;
    }
    available.push(...(continuations[rank] ?? []));
    const best = argmax(
      available.map(({ score }) => score),
      0,
      available.length,
    );
    next.push(...available.splice(best, 1));
  }
  return next;
}

/** The best complete hypothesis; the best of those that are cut where none is complete. */
function bestOf(hypotheses: readonly Hypothesis[]): DecodedSequence {
  const complete = hypotheses.filter(({ isComplete }) => isComplete);
  const [first = { ids: [], isComplete: false, score: 0 }, ...others] = complete.length > 0 ? complete : hypotheses;
  const best = others.reduce((most, one) => (normalizedScore(one) > normalizedScore(most) ? one : most), first);
  return { ids: best.ids, isComplete: best.isComplete };
}

/**
 * Decodes one sequence for each example.
 *
 * @param model a session of model.onnx with its weights, whose decoder reads `decoder_inputs`.
 * @param batch the encoder's inputs: `inputs`, and `lengths` where the model has them.
 * @returns the best complete sequence in the beam by mean log probability per token; the best cut one where none is
 * complete.
 */
export async function beamSearch(
  model: InferenceSession,
  manifest: Pick<Manifest, "model">,
  batch: Batch,
  options: BeamSearchOptions,
): Promise<readonly DecodedSequence[]> {
  const { startId, endId, maxTokens, beamWidth, outputsProbabilities } = options;
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

  let beams: readonly (readonly Hypothesis[])[] = Array.from({ length: examples }, () => [
    { ids: [], score: 0, isComplete: false },
  ]);
  for (let length = 0; length < maxTokens; length++) {
    const incomplete = beams.flatMap((beam, example) =>
      beam.flatMap((hypothesis, rank) => (hypothesis.isComplete ? [] : [{ ...hypothesis, example, rank }])),
    );
    if (incomplete.length === 0) break;
    const scores = await scoreNextTokens(incomplete);
    const continuations: Hypothesis[][][] = beams.map((beam) => beam.map(() => []));
    incomplete.forEach(({ example, rank, ids, score }, row) => {
      const nextScores = scores[row] ?? new Float64Array();
      for (const id of topIndices(nextScores, beamWidth)) {
        const total = score + (nextScores[id] ?? 0);
        // A token of probability 0 continues nothing.
        if (!Number.isFinite(total)) continue;
        const isComplete = id === endId;
        continuations[example]?.[rank]?.push({ ids: isComplete ? ids : [...ids, id], score: total, isComplete });
      }
    });
    beams = beams.map((beam, example) => nextBeam(beam, continuations[example] ?? [], beamWidth));
  }
  return beams.map(bestOf);
}
