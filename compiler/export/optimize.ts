/** The passes over an exported graph, or over a part of one. */
import type { Graph } from "../ir/types.js";
import { exportPasses, runPasses } from "../passes/index.js";
import type { PassContext } from "../passes/pass.js";

/** A table multiplied at every run is only worth it for long batches, which nobody has promised. */
export const unpromised: PassContext = {
  expected: new Map([
    ["batch", 1],
    ["time", 1],
  ]),
};

export function optimizedPart(graph: Graph): Graph {
  return runPasses(graph, exportPasses, unpromised);
}
