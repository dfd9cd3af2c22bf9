/** Layers of a file and of the model that are matched, and those that are not yet. */
import type { RunProblem } from "../problem.js";
import type { ConversionRule, ForeignFile, ForeignLayer, ForeignTensor } from "./foreign-weights.js";
import type { ModelLayer } from "./model-layers.js";

export interface LayerPair {
  readonly foreignLayer: ForeignLayer;
  readonly modelLayer: ModelLayer;
  readonly rule: ConversionRule;
}

export interface MatchState {
  readonly file: ForeignFile;
  readonly pairs: LayerPair[];
  readonly problems: Pick<RunProblem, "code" | "message" | "hint">[];
  foreignLayers: readonly ForeignLayer[];
  modelLayers: readonly ModelLayer[];
  /** Tensors of the file outside of its layers. */
  otherTensors: readonly ForeignTensor[];
}
