/** What computes: a session of ONNX Runtime, or what stands for several. */
import type { InferenceSession, Tensor } from "onnxruntime-common";

export type Feeds = Readonly<Record<string, Tensor>>;

export interface Runner {
  run(feeds: InferenceSession.OnnxValueMapType): Promise<InferenceSession.OnnxValueMapType>;
  /** @param outputNames outputs, by name: the others may be left out, and need not be copied. */
  run(
    feeds: InferenceSession.OnnxValueMapType,
    outputNames: readonly string[],
  ): Promise<InferenceSession.OnnxValueMapType>;
  /** Where it can put outputs into tensors that are there: what lies in them is lost. */
  runInto?(feeds: Feeds, buffers: Feeds): Promise<Feeds>;
}

/** Runs with room for outputs, which a runner may use or not. */
export function runInto(runner: Runner, feeds: Feeds, buffers: Feeds): Promise<InferenceSession.OnnxValueMapType> {
  return runner.runInto?.(feeds, buffers) ?? runner.run(feeds);
}
