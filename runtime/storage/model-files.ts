/** The files of the models that onnx layers name: read where another process read the spec, and kept in a run. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { child } from "../../schema/json-pointer.js";
import { modelOf, registerModel } from "../../schema/model-files.js";
import type { NormalLayer, NormalOnnx } from "../../schema/normal/index.js";
import type { RunProblem } from "../problem.js";
import { unreadableFile } from "./system-errors.js";

type Model = readonly NormalLayer[];

/** The name of a model in a run, relative to it. */
export const keptName = (sha256: string): string => `layer-${sha256.slice(0, 16)}.onnx`;

/** True for such a name. */
export const isKeptName = (name: string): boolean => /^layer-[0-9a-f]{16}\.onnx$/.test(name);

const isOnnx = (layer: NormalLayer): layer is NormalOnnx => layer.layer === "onnx";

/** The contents of the models, each once, by SHA-256. Those that are not known are left out. */
export function modelContents(model: Model): ReadonlyMap<string, Uint8Array> {
  const contents = new Map<string, Uint8Array>();
  for (const { sha256 } of model.filter(isOnnx)) {
    const bytes = modelOf(sha256);
    if (sha256 !== null && bytes !== undefined) contents.set(sha256, bytes);
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
      const bytes = readFileSync(resolve(folder, layer.file));
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      registerModel(sha256, bytes);
      if (sha256 === layer.sha256) return [];
      const message = `"${layer.file}" has another content than the model of ${layer.name}.`;
      return [
        { code: "model-digest", path, message, hint: "Restore the file, or train again with the model as it is." },
      ];
    } catch (error) {
      return [unreadableFile(path, layer.file, error)];
    }
  });
}
