/**
 * The activations as primitives, for layers and for equations. Every formula and its gradient are finite wherever the
 * operand is: exponentials have operands of at most 0.
 */
import type { OpMethods } from "../ir/builder.js";
import { mulDims } from "../ir/dims.js";
import { at, expectDefined } from "../ir/expect.js";
import type { Value } from "../ir/types.js";
import { divideDim } from "./expression-type.js";

type Build = (b: OpMethods, x: Value) => Value;

/** ELU for α = 1: x, or exp(x) - 1 where that is less. At 0 the derivative is 1, from the exponential. */
const elu: Build = (b, x) => b.add(b.relu(x), b.sub(b.exp(b.min(0, x)), 1));

/** min(max(x + 3, 0), 6) / 6 */
const hardSigmoid: Build = ({ add, min, max, mul }, x) => mul(min(max(add(x, 3), 0), 6), 1 / 6);

/** α and λ, for which mean 0 and variance 1 are a fixed point. */
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/** Activations of each entry by itself. */
export const elementwiseActivations = {
  tanh: (b, x) => b.tanh(x),
  sigmoid: (b, x) => b.sigmoid(x),
  relu: (b, x) => b.relu(x),
  /** max(x, 0.01 x). A. L. Maas, A. Y. Hannun, A. Y. Ng (2013). */
  leaky_relu: (b, x) => b.max(x, b.mul(x, 0.01)),
  /** D.-A. Clevert, T. Unterthiner, S. Hochreiter (2016). */
  elu,
  /** λ (x, or α (exp(x) - 1) where x < 0). G. Klambauer et al. (2017). */
  selu: ({ add, mul, relu, sub, exp, min }, x) =>
    add(mul(relu(x), SELU_SCALE), mul(sub(exp(min(0, x)), 1), SELU_SCALE * SELU_ALPHA)),
  /** x Φ(x), with the normal distribution's Φ. D. Hendrycks, K. Gimpel (2016). */
  gelu: ({ add, mul, erf }, x) => mul(x, add(mul(erf(mul(x, Math.SQRT1_2)), 0.5), 0.5)),
  /** x / 2 · (1 + tanh(√(2/π) (x + 0.044715 x³))): GELU with an approximation of Φ. */
  gelu_tanh: ({ add, mul, tanh }, x) => {
    const scale = Math.sqrt(2 / Math.PI);
    const operand = mul(x, add(mul(mul(x, x), scale * 0.044715), scale));
    return mul(x, add(mul(tanh(operand), 0.5), 0.5));
  },
  /** x sigmoid(x), also named swish. S. Elfwing, E. Uchibe, K. Doya (2018). */
  silu: (b, x) => b.mul(x, b.sigmoid(x)),
  /** x tanh(softplus(x)). D. Misra (2019). */
  mish: (b, x) => b.mul(x, b.tanh(b.softplus(x))),
  softplus: (b, x) => b.softplus(x),
  /** x / (1 + |x|) */
  softsign: (b, x) => b.div(x, b.add(b.abs(x), 1)),
  hard_sigmoid: hardSigmoid,
  /** x hard_sigmoid(x). A. Howard et al. (2019). */
  hard_swish: (b, x) => b.mul(x, hardSigmoid(b, x)),
} satisfies Readonly<Record<string, Build>>;

/** The two halves of the last axis, whose size is even. */
function halves(b: OpMethods, x: Value): readonly [Value, Value] {
  const size = at(x.type.shape, x.type.shape.length - 1);
  const half = expectDefined(divideDim(size, 2), "half of the last axis");
  if (typeof half === "number") {
    const parts = b.split(x, [half, half], -1);
    return [at(parts, 0), at(parts, 1)];
  }
  return [b.slice(x, -1, 0, half), b.slice(x, -1, half, mulDims(2, half))];
}

/** Activations of two halves of the last axis, with one entry for each two. */
export const gatedActivations = {
  /** u sigmoid(v) of the halves u, v. Y. N. Dauphin et al. (2017). */
  glu: (b, x) => {
    const [u, v] = halves(b, x);
    return b.mul(u, b.sigmoid(v));
  },
  /** silu(u) v of the halves u, v. N. Shazeer (2020). */
  swiglu: (b, x) => {
    const [u, v] = halves(b, x);
    return b.mul(elementwiseActivations.silu(b, u), v);
  },
} satisfies Readonly<Record<string, Build>>;
