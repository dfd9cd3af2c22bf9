/** Runs a graph: a session of ONNX Runtime, or several sessions behind the same interface. */
import type { InferenceSession, Tensor } from "onnxruntime-common";

export type Feeds = Readonly<Record<string, Tensor>>;

export interface Runner {
  run(feeds: InferenceSession.OnnxValueMapType): Promise<InferenceSession.OnnxValueMapType>;
  /** @param outputNames the required outputs: the others may be missing, and need not be copied. */
  run(
    feeds: InferenceSession.OnnxValueMapType,
    outputNames: readonly string[],
  ): Promise<InferenceSession.OnnxValueMapType>;
  /** Writes outputs into the given tensors, and overwrites their values. Absent where a runner cannot. */
  runInto?(feeds: Feeds, buffers: Feeds): Promise<Feeds>;
  /** Frees the memory and the threads of a session. Absent where nothing is to be freed. */
  release?(): void | Promise<void>;
}

/** Runs with buffers for outputs, which a runner may use. */
export function runInto(runner: Runner, feeds: Feeds, buffers: Feeds): Promise<InferenceSession.OnnxValueMapType> {
  return runner.runInto?.(feeds, buffers) ?? runner.run(feeds);
}
