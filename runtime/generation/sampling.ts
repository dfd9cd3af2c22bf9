/** Samples one token from a model's scores: by temperature, top-k and top-p. All arithmetic is in float64. */
import type { OutputActivation } from "../../schema/kinds/outputs.js";
import type { RandomStream } from "../tensors/random.js";

export interface Sampling {
  /** Divides the logits; 0 takes the most likely token, the first of equals. */
  readonly temperature: number;
  /** Samples among the k most likely tokens; null for all. */
  readonly topK: number | null;
  /** Samples among the most likely tokens with this total probability; null for all. */
  readonly topP: number | null;
}

export const greedy: Sampling = { temperature: 0, topK: null, topP: null };

const toLogit: { readonly [S in OutputActivation]: (score: number) => number } = {
  logits: (score) => score,
  softmax: Math.log,
  sigmoid: (score) => Math.log(score) - Math.log1p(-score),
};

/** The logits of one time step; -∞ for banned ids. */
export function logitsOf(
  scores: ArrayLike<number>,
  activation: OutputActivation,
  bannedIds: readonly number[],
): Float64Array {
  const logits = Float64Array.from(scores, toLogit[activation]);
  for (const id of bannedIds) logits[id] = Number.NEGATIVE_INFINITY;
  return logits;
}

/** The id of the sampled token; undefined where every logit is NaN or -∞. */
export function sampleToken(
  logits: Float64Array,
  { temperature, topK, topP }: Sampling,
  random: Pick<RandomStream, "uniform">,
): number | undefined {
  const ranked = Array.from(logits.keys())
    .filter((id) => (logits[id] ?? Number.NaN) > Number.NEGATIVE_INFINITY)
    .sort((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b);
  const [mostLikely] = ranked;
  if (mostLikely === undefined || temperature === 0) return mostLikely;
  const best = logits[mostLikely] ?? 0;
  const weights = ranked
    .slice(0, topK ?? ranked.length)
    .map((id) => Math.exp(((logits[id] ?? 0) - best) / temperature));
  const candidateCount = topP === null ? weights.length : nucleus(weights, topP);
  let remaining = random.uniform() * sum(weights.slice(0, candidateCount));
  const index = weights.slice(0, candidateCount).findIndex((weight) => {
    remaining -= weight;
    return remaining < 0;
  });
  // Rounding may leave a remainder after the last weight.
  return ranked[index < 0 ? candidateCount - 1 : index];
}

/** The number of largest weights whose sum is at least the fraction `p` of all: at least one. */
function nucleus(weights: readonly number[], p: number): number {
  const threshold = p * sum(weights);
  let total = 0;
  const index = weights.findIndex((weight) => {
    total += weight;
    return total >= threshold;
  });
  return index < 0 ? weights.length : index + 1;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
