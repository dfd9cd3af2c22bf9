/** Writing sequences with a trained decoder: greedily, or with a beam of the likeliest few. */
import type { InferenceSession } from "onnxruntime-common";
import type { Manifest } from "../compiler/artifact.js";
import { gatherRows } from "./data/rows.js";
import type { Batch, NumericArray } from "./data/source.js";
import { padded } from "./data/tokens.js";
import { floatsOf, tensorOf } from "./tensors.js";

export interface DecodeOptions {
  readonly start: number;
  readonly end: number;
  /** The longest sequence to write, the end token not counted. */
  readonly longest: number;
  /** Hypotheses kept for each example; 1 is greedy. */
  readonly beams: number;
  /** Whether the model puts out probabilities, and not logits. */
  readonly probabilities: boolean;
}

/** A sequence under way, without its start and end tokens. */
interface Hypothesis {
  readonly ids: readonly number[];
  /** Sum of the log probabilities of its tokens. */
  readonly score: number;
  readonly ended: boolean;
}

/** The mean log probability of a token, so that long sequences are not worse for being long. */
function worth({ ids, score }: Hypothesis): number {
  return score / (ids.length + 1);
}

/** Log probabilities of one row of scores. */
function logProbabilities(row: Float32Array, probabilities: boolean): Float64Array {
  if (probabilities) return Float64Array.from(row, Math.log);
  const largest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const sum = row.reduce((total, entry) => total + Math.exp(entry - largest), 0);
  return Float64Array.from(row, (entry) => entry - largest - Math.log(sum));
}

/** The places of the largest entries, the first of equals first. */
function best(scores: Float64Array, count: number): readonly number[] {
  const order = Array.from(scores.keys()).sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
  return order.slice(0, count);
}

/**
 * Writes one sequence for each example.
 *
 * @param model a session of model.onnx with its weights, whose decoder reads `decoder_inputs`.
 * @param batch the encoder's side: `inputs`, and `lengths` where there are any.
 * @returns ids of each sequence, start and end tokens left out.
 */
export async function decodeSequences(
  model: InferenceSession,
  manifest: Pick<Manifest, "model">,
  batch: Batch,
  options: DecodeOptions,
): Promise<readonly (readonly number[])[]> {
  const { start, end, longest, beams, probabilities } = options;
  const { inputs, outputs } = manifest.model;
  const prediction = outputs.find(({ role }) => role === "prediction");
  const encoder = inputs.filter(({ name }) => name === "inputs" || name === "lengths");
  const examples = batch.get("inputs")?.shape[0] ?? 0;
  if (prediction === undefined) throw new Error("The model gives no predictions.");

  /** Scores of the next token after each prefix; prefixes are equally long. */
  const scoresAfter = async (rows: readonly { readonly example: number; readonly ids: readonly number[] }[]) => {
    const steps = (rows[0]?.ids.length ?? 0) + 1;
    const decoder: Record<string, NumericArray> = {
      decoder_inputs: padded(
        rows.map(({ ids }) => [start, ...ids]),
        steps,
      ),
      target_lengths: {
        dtype: "int64",
        shape: [rows.length],
        data: BigInt64Array.from(rows, () => BigInt(steps)),
      },
    };
    const places = rows.map(({ example }) => example);
    const feeds = inputs.flatMap(({ name }) => {
      const own = encoder.some((port) => port.name === name) ? batch.get(name) : undefined;
      const array = own === undefined ? decoder[name] : gatherRows(own, places);
      return array === undefined ? [] : [[name, tensorOf(array)] as const];
    });
    const results = await model.run(Object.fromEntries(feeds));
    const scores = floatsOf(results, prediction);
    const width = scores.length / rows.length / steps;
    return rows.map((_, row) => {
      const last = ((row + 1) * steps - 1) * width;
      return logProbabilities(scores.subarray(last, last + width), probabilities);
    });
  };

  let kept: readonly (readonly Hypothesis[])[] = Array.from({ length: examples }, () => [
    { ids: [], score: 0, ended: false },
  ]);
  for (let length = 0; length < longest; length++) {
    const open = kept.flatMap((hypotheses, example) =>
      hypotheses.filter(({ ended }) => !ended).map((hypothesis) => ({ ...hypothesis, example })),
    );
    if (open.length === 0) break;
    const scores = await scoresAfter(open);
    const extended = kept.map((hypotheses) => hypotheses.filter(({ ended }) => ended));
    open.forEach(({ example, ids, score }, row) => {
      const next = scores[row] ?? new Float64Array();
      for (const id of best(next, beams)) {
        const total = score + (next[id] ?? 0);
        const ended = id === end;
        extended[example]?.push({ ids: ended ? ids : [...ids, id], score: total, ended });
      }
    });
    kept = extended.map((hypotheses) => hypotheses.sort((a, b) => worth(b) - worth(a)).slice(0, beams));
  }
  return kept.map((hypotheses) => hypotheses[0]?.ids ?? []);
}
