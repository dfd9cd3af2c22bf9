/** Rows of scores: the largest entry, and probabilities from logits. */

/** The index of the largest entry of a row, relative to its start; the first of equals. */
export function argmax(scores: ArrayLike<number | bigint>, start: number, size: number): number {
  let best = 0;
  for (let index = 1; index < size; index++) {
    if ((scores[start + index] ?? 0) > (scores[start + best] ?? 0)) best = index;
  }
  return best;
}

export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

/** The softmax of every row of `width` entries, in the precision of the array. */
export function softmaxRows<T extends Float32Array | Float64Array>(logits: T, width: number): T {
  const probabilities = logits.slice() as T;
  for (let start = 0; start < logits.length; start += width) {
    const end = Math.min(start + width, logits.length);
    const largest = maximum(logits, start, end);
    let sum = 0;
    for (let index = start; index < end; index++) {
      probabilities[index] = Math.exp((logits[index] as number) - largest);
      sum += probabilities[index] as number;
    }
    for (let index = start; index < end; index++) probabilities[index] = (probabilities[index] as number) / sum;
  }
  return probabilities;
}

/** The logarithm of the softmax of one row, in float64. */
export function logSoftmax(logits: Float32Array): Float64Array {
  const largest = maximum(logits, 0, logits.length);
  const logSum = Math.log(logits.reduce((total, logit) => total + Math.exp(logit - largest), 0));
  return Float64Array.from(logits, (logit) => logit - largest - logSum);
}

function maximum(values: Float32Array | Float64Array, start: number, end: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let index = start; index < end; index++) largest = Math.max(largest, values[index] as number);
  return largest;
}
