/**
 * Sampling of the next id from logits by the Gumbel-max trick: the argmax of logits plus Gumbel noise is distributed as
 * their softmax (E. J. Gumbel, 1954; C. J. Maddison et al., 2014).
 */
import { hashPair, prime, uniform } from "../elaborate/random.js";
import { graphBuilder } from "../graph/builder.js";
import { evaluate } from "../graph/evaluate.js";
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/expect.js";
import { tensor } from "../ir/tensor.js";
import type { Value } from "../ir/types.js";
import type { OutputProcessing, Processing } from "./options.js";

/** Logit of excluded ids, which no noise outweighs. */
const EXCLUDED_LOGIT = -1e9;

/** Logits of a model's output, whose last axis is the ids. */
export function logitsOf(b: Builder, output: Value, { predictions, excludedIds }: Processing): Value {
  const { targetKind, endsInLogits } = at(predictions, 0);
  const width = Number(output.type.shape.at(-1));
  const scores = endsInLogits ? output : toLogits(b, output, targetKind);
  if (excludedIds.length === 0) return scores;
  const exclusion = Array.from({ length: width }, (_, id) => (excludedIds.includes(id) ? EXCLUDED_LOGIT : 0));
  return b.add(scores, b.constant(tensor("float32", [width], exclusion)));
}

function toLogits(b: Builder, probabilities: Value, targetKind: OutputProcessing["targetKind"]): Value {
  const log = (x: Value) => b.log(b.max(x, 1e-38));
  return targetKind === "probabilities" ? b.sub(log(probabilities), log(b.sub(1, probabilities))) : log(probabilities);
}

export interface SamplingInputs {
  /** float32 scalar; 0 takes the largest logit. */
  readonly temperature: Value;
  /** int64 scalars. The sample depends on both, and on the row. */
  readonly seed: Value;
  readonly position: Value;
}

/**
 * One sampled id for each row.
 *
 * @param logits [batch, ids], float32.
 * @returns int64 [batch].
 */
export function sampleToken(b: Builder, logits: Value, sampling: SamplingInputs): Value {
  return b.argmax(b.add(logits, b.mul(gumbelNoise(b, logits, sampling), sampling.temperature)), -1);
}

/** -log(-log(u)) with an independent uniform u for each entry. */
function gumbelNoise(
  b: Builder,
  { type: { shape } }: Value,
  { seed, position }: Pick<SamplingInputs, "seed" | "position">,
): Value {
  const random = { b, integerBits: 64 as const, seed: 0, shard: null, step: () => hashPair(b, seed, position) };
  // `uniform` hashes rows independently, but entries of a row in pairs: here every entry is a row.
  const hashes = b.squeeze(uniform(random, "generate", [...shape, 1]), [shape.length]);
  const w = b.mul(b.add(b.cast(hashes, "float32"), 0.5), 1 / prime);
  // -log(1 - w), which float32 rounds off for a small w.
  const series = b.mul(w, b.add(1, b.mul(w, b.add(0.5, b.mul(w, 1 / 3)))));
  const direct = b.neg(b.log(b.sub(1, b.min(w, 1 - 2 ** -24))));
  return b.neg(b.log(b.where(b.less(w, 0.01), series, direct)));
}

/** The noise at one position in float64, [batch, ids], as the reference of an exported model. */
export function gumbelNoiseAt(seed: number, position: number, batch: number, ids: number): Float64Array {
  const b = graphBuilder("noise");
  const scalar = (value: number) => b.constant(tensor("int64", [], [value]));
  const logits = b.input("logits", { dtype: "float32", shape: [batch, ids] });
  const noise = gumbelNoise(b, logits, { seed: scalar(seed), position: scalar(position) });
  const zeros = tensor("float32", [batch, ids], new Float64Array(batch * ids));
  return at(evaluate(b.finish([noise]), [zeros]), 0).data;
}
