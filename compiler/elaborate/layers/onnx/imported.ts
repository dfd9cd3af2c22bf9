/** The model of an onnx layer as a graph of primitives, for inputs of given shapes. */
import { suggestion } from "../../../../schema/diagnostics/suggest.js";
import { modelOf } from "../../../../schema/model-files.js";
import type { NormalOnnx } from "../../../../schema/normal/index.js";
import { type ImportedModel, importModel } from "../../../importer/index.js";
import { isFloat } from "../../../ir/float16.js";
import type { Shape, Value } from "../../../ir/types.js";
import { readModel } from "../../../onnx/read/model.js";
import type { ModelTensor } from "../../../onnx/read/tensors.js";
import type { Context } from "../../context.js";
import { type LayerModel, layerModel, unmatchedUntie } from "./model.js";

/** A model, with its inputs as it declares them. */
export interface Declaration {
  readonly model: LayerModel;
  readonly inputs: readonly ModelTensor[];
}

/** The declaration of the model; undefined after a reported problem. */
export function declarationOf(layer: NormalOnnx, { problem }: Context): Declaration | undefined {
  const [stored, model] = [modelOf(layer.sha256), layerModel(layer)];
  if (stored === undefined || model === undefined)
    return problem({
      part: layer,
      key: "file",
      code: "model-missing",
      message: `The model "${layer.file}" of ${layer.name} is not read.`,
      hint: "Read the spec from its file, or with readSpec and its folder.",
    });
  const read = readModel(model.bytes);
  const unmatched = read.ok ? unmatchedUntie(stored.bytes, layer.untie) : undefined;
  if (unmatched !== undefined)
    return problem({
      part: layer,
      key: "untie",
      code: "untie",
      message: `"untie" of ${layer.name}: "${unmatched.pattern}" names no tensor that several nodes of ${layer.file} read.`,
      hint:
        unmatched.names.length === 0
          ? 'Remove "untie".'
          : suggestion(unmatched.pattern, unmatched.names, "Such tensors"),
    });
  if (read.ok) return { model, inputs: read.model.inputs };
  const { code, message, hint } = read.problem;
  return problem({ part: layer, key: "file", code, message: `${layer.file}: ${message}`, hint });
}

type BatchNorm = NormalOnnx["batch_norm"];

/** Recent imports: one compilation elaborates a spec several times. */
const recent = new Map<string, ReturnType<typeof importModel>>();
const MAX_RECENT = 16;

/** The model for inputs of these shapes; undefined after a reported problem. */
export function importedModel(
  layer: NormalOnnx,
  { bytes, external }: LayerModel,
  shapes: ReadonlyMap<string, Shape>,
  batchNorm: BatchNorm,
  { problem }: Context,
): ImportedModel | undefined {
  const key = JSON.stringify([layer.sha256, layer.untie, batchNorm, [...shapes]]);
  const result = recent.get(key) ?? importModel(bytes, { external, batchNorm, shapes });
  recent.delete(key);
  recent.set(key, result);
  for (const oldest of recent.keys()) if (recent.size > MAX_RECENT) recent.delete(oldest);
  if (result.ok) return result.model;
  const { code, message, hint } = result.problem;
  return problem({ part: layer, key: "file", code, message: `${layer.file}: ${message}`, hint });
}

/** The output of the model that the layer has; undefined after a reported problem. */
export function outputOfModel(
  layer: NormalOnnx,
  { outputs, refused }: ImportedModel,
  { problem }: Context,
): { readonly name: string; readonly value: Value } | undefined {
  const names = outputs.map(({ name }) => name).join(", ");
  const floats = outputs.filter(({ value }) => value === undefined || isFloat(value.type.dtype));
  const found = layer.output === null ? floats[0] : outputs.find(({ name }) => name === layer.output);
  const fail = (code: string, message: string, hint: string) =>
    problem({ part: layer, key: layer.output === null ? "file" : "output", code, message, hint });
  if (layer.output === null && floats.length > 1)
    return fail(
      "output",
      `${layer.file} has several outputs: ${names}.`,
      `Name one, such as "output": "${floats[0]?.name}".`,
    );
  if (found === undefined)
    return layer.output === null
      ? fail("output", `${layer.file} has no output of floating-point numbers.`, "Name a model with one.")
      : fail("output", `${layer.file} has no output "${layer.output}".`, `Its outputs: ${names}.`);
  const { name, value } = found;
  if (value === undefined) {
    const [first, ...others] = refused;
    const more = others.length === 0 ? "" : ` (${others.length} more refused)`;
    return problem({
      part: layer,
      key: "file",
      code: "operator",
      message: `The output ${name} of ${layer.file} depends on ${first?.node} (${first?.operator}), which ${first?.reason}${more}.`,
      hint: first?.hint || "rnnx inspect lists the nodes of the model without a rule.",
    });
  }
  if (!isFloat(value.type.dtype))
    return fail("output", `The output ${name} of ${layer.file} has ${value.type.dtype} values.`, "Name one of floats.");
  return { name, value };
}
