/** The files of the models that onnx layers name: read where another process read the spec, and kept in a run. */
import { dirname, join, resolve } from "node:path";
import { child } from "../../schema/json-pointer.js";
import { modelOf } from "../../schema/model-files.js";
import type { NormalLayer, NormalOnnx } from "../../schema/normal/index.js";
import { openModelFile } from "../../schema/parse/model-file.js";
import type { RunProblem } from "../problem.js";
import { unreadableFile } from "./system-errors.js";

type Model = readonly NormalLayer[];

const isOnnx = (layer: NormalLayer): layer is NormalOnnx => layer.layer === "onnx";

/** The name of a model in a run, relative to it: a model with external data has a folder of its own. */
function keptName(sha256: string): string {
  const name = `layer-${sha256.slice(0, 16)}`;
  return (modelOf(sha256)?.files.size ?? 0) > 0 ? `${name}/${name}.onnx` : `${name}.onnx`;
}

/** True for the name of a model, or of its folder, in a run. */
export const isKeptName = (name: string): boolean => /^layer-[0-9a-f]{16}(\.onnx)?$/.test(name);

/** The files of the known models of layers by their names in a run, each once. */
export function modelContents(model: Model): ReadonlyMap<string, Uint8Array> {
  const contents = new Map<string, Uint8Array>();
  for (const { sha256 } of model.filter(isOnnx)) {
    const known = modelOf(sha256);
    if (sha256 === null || known === undefined) continue;
    const name = keptName(sha256);
    for (const [location, content] of known.files) contents.set(join(dirname(name), location), content);
    contents.set(name, known.bytes);
  }
  return contents;
}

/** The layers with the names of their models in a run. */
export function withKeptNames(model: Model): Model {
  return model.map((layer) =>
    isOnnx(layer) && layer.sha256 !== null ? { ...layer, file: keptName(layer.sha256) } : layer,
  );
}

/** Reads the models that this process does not know. @param folder that relative names start from. */
export function loadModels(model: Model, folder: string): readonly RunProblem[] {
  return model.flatMap((layer, index): readonly RunProblem[] => {
    if (!isOnnx(layer) || layer.sha256 === null || modelOf(layer.sha256) !== undefined) return [];
    const path = child(child("/model", index), "file");
    try {
      const opened = openModelFile(resolve(folder, layer.file), layer.file);
      if (opened === layer.sha256) return [];
      if (typeof opened !== "string") return [{ ...opened, path }];
      const message = `"${layer.file}" has another content than the model of ${layer.name}.`;
      return [
        { code: "model-digest", path, message, hint: "Restore the file, or train again with the model as it is." },
      ];
    } catch (error) {
      return [unreadableFile(path, layer.file, error)];
    }
  });
}
