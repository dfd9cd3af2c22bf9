/** The next id, drawn from logits: the largest of logits with Gumbel noise on them is drawn with their softmax's probabilities. */
import { mixed, prime, uniform } from "../elaborate/random.js";
import { graphBuilder } from "../graph/build.js";
import { evaluate } from "../graph/evaluate.js";
import type { Builder } from "../ir/builder.js";
import { at } from "../ir/present.js";
import { tensor } from "../ir/tensor.js";
import type { Value } from "../ir/types.js";
import type { Boundary } from "./options.js";

/** What the ids that are no text get in place of a logit: no noise lifts it. */
const NEVER = -1e9;

/** Logits of what the model says: its last axis are the ids. */
export function logitsOf(b: Builder, said: Value, { answers, logits, never }: Boundary): Value {
  const width = Number(said.type.shape.at(-1));
  const scores = logits ? said : logOf(b, said, answers);
  if (never.length === 0) return scores;
  const banned = Array.from({ length: width }, (_, id) => (never.includes(id) ? NEVER : 0));
  return b.add(scores, b.constant(tensor("float32", [width], banned)));
}

function logOf(b: Builder, said: Value, answers: Boundary["answers"]): Value {
  const log = (x: Value) => b.log(b.max(x, 1e-38));
  return answers === "probabilities" ? b.sub(log(said), log(b.sub(1, said))) : log(said);
}

export interface Choice {
  /** float32 scalar; 0 takes the largest logit. */
  readonly temperature: Value;
  /** int64 scalars: what is drawn hangs on both, and on the row. */
  readonly seed: Value;
  readonly place: Value;
}

/** @param logits [batch, ids]. Gives int64 [batch]. */
export function choose(b: Builder, logits: Value, choice: Choice): Value {
  return b.argmax(b.add(logits, b.mul(gumbel(b, logits, choice), choice.temperature)), -1);
}

/** -log(-log(u)) of a u for each entry, independent of all others. */
function gumbel(b: Builder, { type: { shape } }: Value, { seed, place }: Pick<Choice, "seed" | "place">): Value {
  const random = { b, bits: 64 as const, seed: 0, shard: null, step: () => mixed(b, seed, place) };
  // Rows are hashed independently, entries of a row only in pairs: here every entry is a row.
  const drawn = b.squeeze(uniform(random, "generate", [...shape, 1]), [shape.length]);
  const w = b.mul(b.add(b.cast(drawn, "float32"), 0.5), 1 / prime);
  // -log(1 - w), which float32 cannot take of a 1 - w next to 1.
  const near = b.mul(w, b.add(1, b.mul(w, b.add(0.5, b.mul(w, 1 / 3)))));
  const far = b.neg(b.log(b.sub(1, b.min(w, 1 - 2 ** -24))));
  return b.neg(b.log(b.where(b.less(w, 0.01), near, far)));
}

/** The noise on the logits of one place, [batch, ids], as float64 has it: to hold an exported model against. */
export function noiseAt(seed: number, place: number, batch: number, ids: number): Float64Array {
  const b = graphBuilder("noise");
  const scalar = (value: number) => b.constant(tensor("int64", [], [value]));
  const logits = b.input("logits", { dtype: "float32", shape: [batch, ids] });
  const noise = gumbel(b, logits, { seed: scalar(seed), place: scalar(place) });
  const zeros = tensor("float32", [batch, ids], new Float64Array(batch * ids));
  return at(evaluate(b.finish([noise]), [zeros]), 0).data;
}
