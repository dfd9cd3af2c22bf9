/** The copies of models that a run has for its onnx layers. */
import { join } from "node:path";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { KeptModels } from "../../schema/read.js";
import { runFiles } from "./layout.js";
import { readRunFile } from "./validate-files.js";

/** The path and the SHA-256 of the copy of each onnx layer, by the layer's name; none of a folder that is no run. */
export function keptModels(out: string): KeptModels {
  const spec = readRunFile<NormalSpec>(out, runFiles.spec);
  const layers = spec.ok ? spec.value.model : [];
  return new Map(
    layers.flatMap((layer) =>
      layer.layer !== "onnx" || layer.sha256 === null
        ? []
        : [[layer.name, { file: join(out, layer.file), sha256: layer.sha256 }] as const],
    ),
  );
}
