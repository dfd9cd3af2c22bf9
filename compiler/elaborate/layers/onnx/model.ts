/** The model of an onnx layer, with a copy of each tensor of `untie` for each node that reads it. */
import { matchesAny, matchesPattern } from "../../../../schema/kinds/parameter-patterns.js";
import { type ModelFile, modelOf } from "../../../../schema/model-files.js";
import type { NormalOnnx } from "../../../../schema/normal/index.js";
import { readModel } from "../../../onnx/read/model.js";
import type { ReadExternal } from "../../../onnx/read/tensor-values.js";
import { separateWeights, tiedWeights } from "../../../onnx/splice/separate-weights.js";

export interface LayerModel extends ModelFile {
  /** The numbers that the model stores in its files. */
  readonly external: ReadExternal;
}

/** The model; undefined where no file of its content was read. */
export function layerModel({ sha256, untie }: Pick<NormalOnnx, "sha256" | "untie">): LayerModel | undefined {
  const model = modelOf(sha256);
  if (model === undefined) return undefined;
  const { bytes, files } = model;
  // A file that is no model is reported where it is read.
  const isSeparated = untie.length > 0 && readModel(bytes).ok;
  const separated = isSeparated ? separateWeights(bytes, (name) => matchesAny(untie, name)) : bytes;
  return { bytes: separated, files, external: externalIn(files) };
}

function externalIn(files: ModelFile["files"]): ReadExternal {
  return ({ location, offset, length }, count) => {
    const content = files.get(location);
    if (content === undefined) throw new RangeError(`its values are in another file (${location})`);
    if (length !== null && length !== count)
      throw new RangeError(`it has ${length} bytes, but its shape needs ${count}`);
    if (!(offset >= 0 && offset + count <= content.length))
      throw new RangeError(
        `${location} is ${content.length} bytes long, but the tensor ends at byte ${offset + count}`,
      );
    return content.subarray(offset, offset + count);
  };
}

/** The first of the patterns that names no tensor of several nodes, and the names of such tensors. */
export function unmatchedUntie(model: Uint8Array, patterns: readonly string[]) {
  const names = patterns.length === 0 ? [] : tiedWeights(model).flatMap(({ name, aliases }) => [name, ...aliases]);
  const pattern = patterns.find((each) => !names.some((name) => matchesPattern(each, name)));
  return pattern === undefined ? undefined : { pattern, names };
}
