/** The operators of ONNX's standard domain: each has a rule, or a reason why it has none. */
import type { Lowering } from "../lowering.js";
import { refuse } from "../refusal.js";
import { attentionOperators } from "./attention.js";
import { controlOperators } from "./control.js";
import { convolutionOperators } from "./convolutions.js";
import { elementwiseOperators } from "./elementwise.js";
import { indexingOperators } from "./indexing.js";
import { lossOperators } from "./losses.js";
import { movementOperators } from "./movement.js";
import { normalizationOperators } from "./normalizations.js";
import { productOperators } from "./products.js";
import { recurrentOperators } from "./recurrent.js";
import { reductionOperators } from "./reductions.js";
import { resizeOperators } from "./resize.js";
import { samplingOperators } from "./sampling.js";
import { sequenceOperators } from "./sequences.js";
import { shapeOperators } from "./shapes.js";

export const lowerings: ReadonlyMap<string, Lowering> = new Map(
  [
    ...elementwiseOperators,
    ...reductionOperators,
    ...productOperators,
    ...convolutionOperators,
    ...normalizationOperators,
    ...movementOperators,
    ...indexingOperators,
    ...recurrentOperators,
    ...resizeOperators,
    ...samplingOperators,
    ...attentionOperators,
    ...lossOperators,
    ...shapeOperators,
    ...controlOperators,
    ...sequenceOperators,
  ].map((lowering) => [lowering.operator, lowering]),
);

/** Operators without a rule, by the reason: a predicate. */
const refusals: readonly (readonly [string, string])[] = [
  ["needs a function that the primitives lack", "Det DFT STFT"],
  ["draws random numbers", "Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike"],
  ["has a result whose size the data defines", "Compress NonMaxSuppression NonZero Unique"],
  [
    "works on sequences or optional values in a form without a rule",
    "Optional OptionalGetElement OptionalHasElement SequenceErase SequenceMap",
  ],
  ["works on text", "RegexFullMatch StringConcat StringNormalizer StringSplit TfIdfVectorizer"],
  [
    "rounds to integers, so its gradient is zero almost everywhere",
    "ConvInteger DynamicQuantizeLinear MatMulInteger QLinearConv QLinearMatMul QuantizeLinear",
  ],
  ["works on the bits of integers", "BitCast BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor"],
  [
    "has no rule yet",
    "BlackmanWindow CausalConvWithState CenterCropPad DeformConv HammingWindow HannWindow " +
      "ImageDecoder LinearAttention MaxRoiPool MaxUnpool MelWeightMatrix RoiAlign " +
      "TensorScatter",
  ],
];

export const refusedOperators: ReadonlyMap<string, string> = new Map(
  refusals.flatMap(([reason, operators]) => operators.split(" ").map((operator) => [operator, reason] as const)),
);

const isQuantized = /Quantize|QLinear|Integer/;
const quantizedHint =
  "Fine-tune the model of floats, and quantize the result again. Integer weights with DequantizeLinear alone are read.";

/** Refuses an operator without a rule. */
export function refuseOperator(operator: string): never {
  const reason = refusedOperators.get(operator) ?? "is not an operator of ONNX up to opset 26";
  return refuse(reason, isQuantized.test(operator) ? quantizedHint : "");
}
