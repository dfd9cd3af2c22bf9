/**
 * Costs of ONNX Runtime 1.30 on a CPU. Each bound comes from paired runs in one process on two cores of an AMD EPYC
 * with AVX-512, 2026-11-26; docs/notebook/performance.md has the measurements. Models are LSTMs, layers × width.
 */
import type { Target } from "./target.js";

export const cpu: Target = {
  name: "cpu",
  // Speedup of a step by fuse-into-loop: 1.08 for 2 × 128, 1.06 for 1 × 100.
  wideSliceElements: 2 ** 12,
  // A call of K steps stores K of each such result; below this size the kernel calls are the cost.
  smallResultElements: 2 ** 9,
  // MLAS computes float32 functions on vectors of up to 16 lanes, and the tail of an array by other code.
  vectorLanes: 16,
  // Speedup of a step: 1.11 for 1 × 100 with 1,000 rows on one thread, 1.05 with 250 rows.
  accumulateInLoop: { minStackedElements: 2 ** 21, minRows: 64, maxResultElements: 2 ** 16 },
  // Ratio of the times of a step on one thread: 0.95 to 0.97 for a transformer of 4 × 128 with 768 rows, 0.95 to 0.98
  // for 2 × 128. For 3 × 512 the product alone: 45.1 ms in place of 49.4 ms.
  transposeBeforeGemm: { minElements: 2 ** 16, minColumns: 128 },
  // Speedup of a step: 1.02 to 1.03 for 1 × 100 with 1,000 rows.
  oneHotByComparisonElements: 2 ** 17,
  // Speedup of a step, together with prepacking and flattened parameters: 1.01 to 1.02 for 3 × 512.
  batchedBiasElements: 2 ** 22,
  // Time of the gradient of the scores, with its product, of 32 columns: 0.91 for 256 rows, 0.97 for 64; of 64 columns:
  // 0.86 for 512 rows, 0.93 for 256, 1.08 for 64.
  softmaxGradientRatio: 4,
  // The product with the weight on the left: 1.5 to 1.65 times as fast for 16 rows, 1.3 times for 8 and 48, no gain for
  // 50.
  prepackWeights: { minTimeSteps: 8, minElements: 2 ** 19, maxRowsWeightLeft: 48 },
  // `optimize/kernels/short-rows.ts` has the measurements.
  shortRows: { maxNumbers: 32, minElements: 2 ** 13 },
  // Time of a step on one thread, 2026-11-30: 0.90 for 1 × 5, 6 steps; 0.93 to 0.95 for an LSTM of width 8 to 16, 8 to 12
  // steps; 0.82 to 0.88 for a simple RNN, 16 to 24 steps; 0.97 for values of 2,048 elements. Of 220 nodes 1.06, of 308 1.08.
  unrollLoops: { maxNodes: 2 ** 7, maxElements: 2 ** 11 },
  kernelCallMicroseconds: 2,
  loopIterationMicroseconds: 4,
  elementMicroseconds: 1 / 1500,
  // A product of arrays of 2 ** 14 to 2 ** 19 elements on one thread, 2026-11-30: 0.15 ns an element, and 1.1 ns for 2 ** 24.
  cachedElementMicroseconds: 1 / 6000,
  cacheElements: 2 ** 17,
  multiplyAddMicroseconds: 1 / 20_000,
  maxKernelOutputs: Number.POSITIVE_INFINITY,
  splitsSteps: false,
};
