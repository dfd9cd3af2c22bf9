/** Names and functions of other libraries, with those of the equation language. */
import type { DefinitionKind } from "../resolve.js";

const comparisonNames: Readonly<Record<string, readonly string[]>> = {
  y: ["y_pred", "y_hat", "yhat", "pred", "preds", "prediction", "predictions", "output", "outputs", "logits", "input"],
  t: ["y_true", "true", "target", "targets", "label", "labels", "truth", "actual", "expected"],
};
const rowNames: Readonly<Record<string, readonly string[]>> = { x: ["input", "inputs", "X", "features", "data"] };

const names: Readonly<Record<DefinitionKind, Readonly<Record<string, readonly string[]>>>> = {
  loss: comparisonNames,
  metric: comparisonNames,
  optimizer: {
    p: ["w", "W", "weight", "weights", "param", "parameter", "theta"],
    g: ["grad", "gradient", "dp", "dw"],
    rate: ["lr", "learning_rate", "alpha", "eta"],
    t: ["step", "steps", "n", "iteration"],
  },
  schedule: { n: ["step", "steps", "t", "iteration", "update", "updates", "epoch", "x"] },
  cell: rowNames,
  layer: rowNames,
  activation: rowNames,
};

/** The name of the scope for a word of another library; undefined for other words. */
export function nameForSynonym(word: string, kind: DefinitionKind): string | undefined {
  return Object.entries(names[kind]).find(([, words]) => words.includes(word))?.[0];
}

const functions: Readonly<Record<string, string>> = {
  power: "a ^ b",
  square: "a ^ 2",
  sqr: "a ^ 2",
  rsqrt: "1 / sqrt(a)",
  ln: "log(a)",
  log1p: "log(1 + a)",
  expm1: "exp(a) - 1",
  round: "floor(a + 0.5)",
  ceil: "-floor(-a)",
  tan: "sin(a) / cos(a)",
  mod: "a - b * floor(a / b)",
  fmod: "a - b * floor(a / b)",
  maximum: "max(a, b)",
  minimum: "min(a, b)",
  amin: "-amax(-a)",
  argmin: "argmax(-a)",
  clamp: "clip(a, low, high)",
  matmul: "a @ b",
  dot: "a @ b, or sum(a * b) of two vectors",
  norm: "l2_norm(a)",
  reduce_sum: "sum(a)",
  reduce_mean: "mean(a)",
  reduce_max: "amax(a)",
  reduce_min: "-amax(-a)",
  var: "mean((a - mean(a)) ^ 2)",
  std: "sqrt(mean((a - mean(a)) ^ 2))",
  cat: "concat(a, b)",
  concatenate: "concat(a, b)",
  chunk: "a, b = split(e, 2)",
  expand_dims: "unsqueeze(a, axis)",
  reshape: "split_heads(a, heads) or merge_heads(a)",
  swish: "silu(a)",
  logistic: "sigmoid(a)",
  heaviside: "where(a > 0, 1, 0)",
  if: "where(condition, a, b)",
  ifelse: "where(condition, a, b)",
  select: "where(condition, a, b)",
  cond: "where(condition, a, b)",
};

/** The expression for a function of another library; undefined for other names. */
export function expressionForSynonym(name: string): string | undefined {
  return Object.hasOwn(functions, name) ? functions[name] : undefined;
}
