/** Whether WebGPU has a device here: a GPU, or a software driver of Vulkan. */
import { graphBuilder } from "../../compiler/graph/builder.js";
import { openSession } from "../../runtime/sessions/session.js";
import { modelOf } from "./run-graph.js";

async function canOpenWebgpu(): Promise<boolean> {
  const b = graphBuilder("probe");
  const model = await modelOf(b.finish([b.tanh(b.input("x", { dtype: "float32", shape: [2] }))]), 18);
  const opened = await openSession(model, "webgpu", 0);
  if (opened.ok) await opened.value.session.release();
  return opened.ok;
}

export const hasWebgpu = await canOpenWebgpu();

/** For the titles of tests that are skipped. */
export const withWebgpu = hasWebgpu ? "" : " (skipped: WebGPU has no device here)";
