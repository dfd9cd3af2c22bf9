/**
 * Costs of ONNX Runtime 1.30 on a CPU. Each bound comes from paired runs in one process on two cores of an AMD EPYC
 * with AVX-512, 2026-11-26; docs/performance.md has the measurements.
 */
import type { Target } from "./target.js";

export const cpu: Target = {
  name: "cpu",
  // 0.93 of the time of small char-rnn and 0.94 of wide batch (fuse-into-loop).
  wideSliceElements: 2 ** 12,
  // A call of K steps stores K of each such result; below this size the kernel calls are the cost.
  smallResultElements: 2 ** 9,
  // MLAS computes float32 functions on vectors of up to 16 lanes, and the tail of an array by other code.
  vectorLanes: 16,
  // 0.90 of the time of wide batch on one thread, 0.95 with 250 rows.
  accumulateInLoop: { minStackedElements: 2 ** 21, minRows: 64, maxResultElements: 2 ** 16 },
  // The product alone: 49.4 ms with the transpose in the kernel, 45.1 ms with it outside, on one thread.
  transposeBeforeGemm: { minElements: 2 ** 19, minColumns: 1024 },
  // 0.97 to 0.98 of the time of wide batch.
  oneHotByComparisonElements: 2 ** 17,
  // Together with prepacking and flattened parameters 0.98 to 0.99 of the time of char-rnn.
  batchedBiasElements: 2 ** 22,
  // The product with the weight on the left: 1.5 to 1.65 times as fast for 16 rows, 1.3 times for 8 and 48, no gain for
  // 50.
  prepackWeights: { minTimeSteps: 8, minElements: 2 ** 19, maxRowsWeightLeft: 48 },
  kernelCallMicroseconds: 2,
  loopIterationMicroseconds: 4,
  elementMicroseconds: 1 / 1500,
  maxKernelOutputs: Number.POSITIVE_INFINITY,
};
