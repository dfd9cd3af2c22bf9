/** Layer normalization. J. L. Ba, J. R. Kiros, G. E. Hinton (2016). */
import type { OpMethods } from "../ir/builder.js";
import type { Value } from "../ir/types.js";

/** Added to the variance. */
const epsilon = 1e-5;

/** Mean 0 and variance 1 along the last axis, without a gain or a shift. */
export function layerNorm(b: OpMethods, a: Value): Value {
  const centred = b.sub(a, b.mean(a, [-1], true));
  const variance = b.mean(b.mul(centred, centred), [-1], true);
  return b.div(centred, b.sqrt(b.add(variance, epsilon)));
}
