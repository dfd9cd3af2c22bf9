/**
 * Costs of ONNX Runtime's WebGPU provider 1.30: starting a kernel, some 10 µs on an NVIDIA H200
 * (docs/notebook/performance.md), outweighs memory traffic, so nothing is split into a kernel per step for the sake of
 * a cache. Bounds without a comment are the CPU's.
 */
import { cpu } from "./cpu.js";
import type { Target } from "./target.js";

export const webgpu: Target = {
  ...cpu,
  name: "webgpu",
  wideSliceElements: Number.POSITIVE_INFINITY,
  shortRows: { maxNumbers: 0, minElements: Number.POSITIVE_INFINITY },
  // All loops of static length are unrolled later.
  unrollLoops: { maxNodes: 0, maxElements: 0 },
  kernelCallMicroseconds: 10,
  cacheElements: Number.POSITIVE_INFINITY,
  // The shader compiler decides how a function of a scalar is rounded.
  vectorLanes: undefined,
  accumulateInLoop: { ...cpu.accumulateInLoop, minStackedElements: Number.POSITIVE_INFINITY },
  // A kernel writes one storage buffer per result and reads one more; WebGPU guarantees 8 buffers per shader stage.
  maxKernelOutputs: 7,
};
