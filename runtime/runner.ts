/** What computes: a session of ONNX Runtime, or what stands for several. It is always asked for all that it gives. */
import type { InferenceSession } from "onnxruntime-common";

export interface Runner {
  run(feeds: InferenceSession.OnnxValueMapType): Promise<InferenceSession.OnnxValueMapType>;
}
