/** The passes over an exported graph, or over a part of one. */
import type { Graph } from "../ir/types.js";
import type { PassContext } from "../optimize/pass.js";
import { exportPasses, runPasses } from "../optimize/pipeline.js";

/** A table multiplied at every run is only worth it for long batches, which nobody has promised. */
export const singleStepContext: PassContext = {
  expected: new Map([
    ["batch", 1],
    ["time", 1],
  ]),
};

export function optimizeForExport(graph: Graph): Graph {
  return runPasses(graph, exportPasses, singleStepContext);
}
