/** The model of an onnx layer with its trained weights: all else of the file stays as it was, byte for byte. */
import { basename } from "node:path";
import { suggestion } from "../../schema/diagnostics/suggest.js";
import type { NormalOnnx, NormalSpec } from "../../schema/normal/index.js";
import { invalidInput, type RunFailure } from "../outcome.js";
import type { RunProblem } from "../problem.js";
import { ok, type Result } from "../result.js";
import { openRun, readRunWeights, type WeightsSelector } from "../run/open.js";
import { checkOutputFile } from "../run/output-file.js";
import { durableFs } from "../storage/durable-fs.js";
import type { Tensors } from "../tensors/safetensors.js";
import { mergeAdapters } from "./merge-adapters.js";
import { checkOutputPath, dataFileTaken, writeVerified } from "./write-files.js";

export interface LayerExport {
  readonly bytes: number;
  /** Initializers with trained values. */
  readonly replaced: readonly string[];
}

/** Writes the model of the onnx layer of a name. */
export async function exportLayer(
  folder: string,
  name: string,
  out: string,
  selector: WeightsSelector = "end",
): Promise<Result<LayerExport, RunFailure>> {
  const opened = openRun(folder);
  if (!opened.ok) return invalidInput(opened.error);
  const misplaced = checkOutputPath(out) ?? checkOutputFile(out, folder);
  const layer = layerOf(opened.value.spec, name);
  if (misplaced !== undefined) return invalidInput([misplaced]);
  if ("code" in layer) return invalidInput([layer]);
  const weights = readRunWeights(opened.value, selector);
  if (!weights.ok) return invalidInput(weights.error);
  const { layerModel } = await import("../../compiler/elaborate/layers/onnx/model.js");
  const model = layerModel(layer);
  if (model === undefined) throw new Error(`the model of ${name} is not read`);
  const { replaceWeights } = await import("../../compiler/onnx/splice/replace-weights.js");
  const tensors = weightsOfLayer(layer, mergeAdapters(opened.value.spec, weights.value.parameters));
  const result = replaceWeights(model.bytes, tensors, model.files);
  if (!result.ok) throw new Error(result.message);
  const nested = [...tensors.keys()].find((tensor) => !result.replaced.includes(tensor));
  if (nested !== undefined)
    return invalidInput([
      {
        code: "nested-weight",
        path: "",
        message: `${nested} is in a nested graph or a function of the model, where values are not replaced.`,
        hint: "Export the whole model, without --layer.",
      },
    ]);
  const taken = dataFileTaken(out, result.files);
  if (taken !== undefined) return invalidInput([taken]);
  const data = [...result.files].map(([name, content]) => ({ name, content }));
  await writeVerified(durableFs, out, [...data, { name: basename(out), content: result.model }], async () => true);
  return ok({ bytes: result.model.length, replaced: result.replaced });
}

function layerOf({ model }: NormalSpec, name: string): NormalOnnx | RunProblem {
  const names = model.flatMap((layer) => (layer.layer === "onnx" ? [layer.name] : []));
  const layer = model.find((each) => each.name === name);
  if (layer?.layer === "onnx") return layer;
  const message = layer === undefined ? `The model has no layer "${name}".` : `The layer "${name}" is no onnx layer.`;
  const hint = names.length === 0 ? "The model has no onnx layer." : suggestion(name, names, "Its onnx layers");
  return { code: "layer", path: "", message, hint };
}

/** The trained tensors of a layer by the names of its model. */
function weightsOfLayer({ name, weights }: NormalOnnx, parameters: Tensors): Tensors {
  const prefixes = [`${weights ?? name}/`, `${name}/`];
  return new Map(
    prefixes.flatMap((prefix) =>
      [...parameters].flatMap(([tensor, value]) =>
        tensor.startsWith(prefix) ? [[tensor.slice(prefix.length), value] as const] : [],
      ),
    ),
  );
}
