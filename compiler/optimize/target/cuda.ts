/**
 * Costs of ONNX Runtime's CUDA provider. A step is bound by the number of kernels, some 2 µs each within a captured graph,
 * and not by their memory traffic. Bounds without a comment are those of WebGPU.
 */
import type { Target } from "./target.js";
import { webgpu } from "./webgpu.js";

export const cuda: Target = {
  ...webgpu,
  name: "cuda",
  kernelCallMicroseconds: 2,
  loopIterationMicroseconds: 0,
  // A kernel takes up to 32 addresses as arguments; more of them are copied to the device in every call.
  maxKernelOutputs: 32,
  splitsSteps: true,
};
