/** Text of diagnostics: short values, lists of alternatives, and the most similar legal word. */

import { distance } from "fastest-levenshtein";
import { formatInteger } from "../counts.js";

const maxLength = 60;

/** Control and bidirectional characters, which must not reach a terminal unescaped. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern matches control characters.
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g;

export function printable(text: string): string {
  return text.replace(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Text in double quotes, escaped and clipped. */
export function quote(text: string): string {
  const clipped = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return printable(JSON.stringify(clipped));
}

/** A value in a message. */
export function formatValue(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : `a list of ${formatInteger(value.length)}`;
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

/** "a", "a or b", "a, b or c". */
export function joinWithOr(words: readonly string[]): string {
  return joinWith("or", words);
}

/** "a", "a and b", "a, b and c". */
export function joinWithAnd(words: readonly string[]): string {
  return joinWith("and", words);
}

function joinWith(conjunction: string, words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} ${conjunction} ${words.at(-1)}`;
}

/** `hiddenSize`, `hidden-size` and `Hidden size` equal `hidden_size`. */
function toSnakeCase(word: string): string {
  return word
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[-\s]+/g, "_")
    .toLowerCase();
}

/** Terms of other libraries, with the keys and values of the spec language. */
const synonyms: Readonly<Record<string, readonly string[]>> = {
  units: ["hidden_size", "size"],
  num_units: ["hidden_size", "size"],
  hidden: ["hidden_size"],
  hidden_dim: ["hidden_size"],
  num_layers: ["layers"],
  lr: ["learning_rate"],
  rate: ["learning_rate"],
  iterations: ["steps"],
  batch: ["batch_size"],
  vocab_size: ["vocabulary_size"],
  num_embeddings: ["vocabulary_size"],
  embedding_dim: ["size"],
  out_features: ["size"],
  output_size: ["size"],
  seq_length: ["window"],
  context_length: ["window"],
  lookback: ["window"],
  lags: ["window"],
  prediction_length: ["horizon"],
  steps_ahead: ["horizon"],
  quantiles: ["levels"],
  features: ["columns", "inputs"],
  label: ["target", "targets"],
  labels: ["target", "targets"],
  unique_id: ["group"],
  series_id: ["group"],
  date: ["time"],
  timestamp: ["time"],
  covariates: ["known_future"],
  num_heads: ["heads"],
  filters: ["size"],
  out_channels: ["size"],
  strides: ["stride"],
  dilation_rate: ["dilation"],
  causal: ["padding"],
  n_heads: ["heads"],
  sequence_length: ["window", "lengths"],
  return_sequences: ["return"],
  gradient_clip: ["clip"],
  rho: ["decay"],
  fully_connected: ["dense"],
  linear: ["dense"],
  basic_rnn: ["rnn"],
  basic_lstm: ["lstm"],
  basic_rnncell: ["rnn"],
  basic_lstmcell: ["lstm"],
  lstmcell: ["lstm"],
  grucell: ["gru"],
  lstm: ["rnn"],
  gru: ["rnn"],
  softmax: ["projection"],
  dataset: ["data"],
  training: ["train"],
  clipnorm: ["clip"],
  clip_norm: ["global_norm", "clip"],
  norm: ["global_norm"],
  mse: ["squared_error"],
  mae: ["absolute_error"],
  softmax_cross_entropy: ["cross_entropy"],
  gradient_descent: ["sgd"],
  pos_weight: ["positive_weight"],
  class_weight: ["class_weights"],
  ema: ["average"],
  swa: ["average"],
  param_groups: ["rates"],
  pct_start: ["warmup_fraction"],
  cosine: ["cosine_decay"],
  onecycle: ["one_cycle"],
  one_cycle_lr: ["one_cycle"],
  frozen: ["trainable"],
  requires_grad: ["trainable"],
  gradient_accumulation: ["accumulate"],
  accumulation_steps: ["accumulate"],
  weight_regularization: ["regularization"],
  linear_decay: ["polynomial_decay"],
  piecewise_constant: ["step_decay"],
  multi_step: ["step_decay"],
  noam: ["inverse_sqrt"],
  reduce_on_plateau: ["plateau"],
  swish: ["silu"],
  xavier: ["glorot_uniform"],
  xavier_uniform: ["glorot_uniform"],
  xavier_normal: ["glorot_normal"],
  kaiming_uniform: ["he_uniform"],
  kaiming_normal: ["he_normal"],
  kernel_initializer: ["initializer"],
};

/** The most similar candidate, if any is similar enough. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const target = toSnakeCase(word.slice(0, 100));
  const exactMatch = candidates.find((candidate) => toSnakeCase(candidate) === target);
  if (exactMatch !== undefined) return exactMatch;
  // A prefix of exactly one candidate: `hidden`, `vocab`.
  const prefixMatches = candidates.filter(
    (candidate) => target.length > 2 && toSnakeCase(candidate).startsWith(target) && candidate !== target,
  );
  if (prefixMatches.length === 1) return prefixMatches[0];
  let best: string | undefined;
  // Up to a third of the letters may differ, and one or two in short words: `cel`, `lstn`.
  let limit = Math.max(target.length <= 3 ? 1 : 2, Math.floor(target.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = editDistance(target, toSnakeCase(candidate));
    if (edits < limit && edits < candidate.length) {
      best = candidate;
      limit = edits;
    }
  }
  if (limit <= 1) return best;
  return (
    (Object.hasOwn(synonyms, target) ? synonyms[target] : undefined)?.find((synonym) => candidates.includes(synonym)) ??
    best
  );
}

/** Levenshtein's distance, in which two neighboring letters that are swapped are one edit: `gur`, `gru`. */
function editDistance(a: string, b: string): number {
  const start = Array.from(a).findIndex((letter, index) => letter !== b[index]);
  const swapped = `${a.slice(0, start)}${a[start + 1] ?? ""}${a[start] ?? ""}${a.slice(start + 2)}`;
  return start >= 0 && a !== b && swapped === b ? 1 : distance(a, b);
}

/** The most similar name of several words, `classify-text`, also for a word that is similar to one of its words. */
export function nearestName(word: string, names: readonly string[]): string | undefined {
  const closest = nearest(word, names);
  if (closest !== undefined) return closest;
  const parts = names.map((name) => ({ name, parts: name.split(/[-_.]/) }));
  const similar = parts.filter((entry) => entry.parts.some((part) => nearest(word, [part]) !== undefined));
  return similar.length === 1 ? similar[0]?.name : undefined;
}

/** A hint: the most similar candidate, or all candidates. */
export function suggestion(word: string, candidates: readonly string[], kind: string): string {
  const closest = nearestName(word, candidates);
  if (closest !== undefined) return `Did you mean ${quote(closest)}?`;
  if (candidates.length === 0) return "";
  return `${kind}: ${candidates.join(", ")}.`;
}
