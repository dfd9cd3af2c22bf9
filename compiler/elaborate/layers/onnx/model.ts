/** The model of an onnx layer, with a copy of each tensor of `untie` for each node that reads it. */
import { matchesAny, matchesPattern } from "../../../../schema/kinds/parameter-patterns.js";
import { modelOf } from "../../../../schema/model-files.js";
import type { NormalOnnx } from "../../../../schema/normal/index.js";
import { readModel } from "../../../onnx/read/model.js";
import { separateWeights, tiedWeights } from "../../../onnx/splice/separate-weights.js";

/** The bytes of the model; undefined where no file of its content was read. */
export function layerModel({ sha256, untie }: Pick<NormalOnnx, "sha256" | "untie">): Uint8Array | undefined {
  const bytes = modelOf(sha256);
  // A file that is no model is reported where it is read.
  if (bytes === undefined || untie.length === 0 || !readModel(bytes).ok) return bytes;
  return separateWeights(bytes, (name) => matchesAny(untie, name));
}

/** The first of the patterns that names no tensor of several nodes, and the names of such tensors. */
export function unmatchedUntie(model: Uint8Array, patterns: readonly string[]) {
  const names = patterns.length === 0 ? [] : tiedWeights(model).flatMap(({ name, aliases }) => [name, ...aliases]);
  const pattern = patterns.find((each) => !names.some((name) => matchesPattern(each, name)));
  return pattern === undefined ? undefined : { pattern, names };
}
