/** The problem of class weights that only the data defines, in a spec that is compiled without it. */
import type { Problem } from "../../../schema/diagnostics/index.js";
import type { SourceMap } from "../../../schema/diagnostics/source-map.js";
import { lossesWithDataWeights } from "../../../schema/kinds/class-weights.js";
import type { NormalSpec } from "../../../schema/normal/index.js";

export function dataWeightsProblems(spec: NormalSpec, origins?: SourceMap): readonly Problem[] {
  return lossesWithDataWeights(spec).map((loss) => ({
    code: "class-weights",
    path: origins?.pathOf(loss, "class_weights") ?? "/loss/class_weights",
    message: "The data defines these class weights, but the spec is compiled without it.",
    hint: "Write a list of one weight for each class, or provide the data.",
  }));
}
