/** Initial weights from a file (`--init`) of rnnx, PyTorch or Keras. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { StoredTensor } from "../../compiler/artifact.js";
import type { Metadata } from "../data/metadata.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import { unreadableFile } from "../storage/system-errors.js";
import { readSafetensors, type Tensors } from "../tensors/safetensors.js";
import {
  type ImportedWeights,
  importKeras,
  importStateDict,
  isKeras,
  type NameMap,
  type TargetModel,
} from "./index.js";
import { matchNames } from "./match-names.js";
import { matchWeightNorm } from "./weight-norm.js";

/** `--init` with its `--map` options. */
export interface InitialWeightsSource {
  readonly file: string;
  readonly maps: readonly NameMap[];
}

/**
 * Reads initial weights. A file with public names may contain any subset of the parameters. Every tensor of another
 * framework's file must match a layer.
 */
export async function readInitialWeights(
  { file, maps }: InitialWeightsSource,
  model: TargetModel,
): Promise<Result<ImportedWeights>> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const weights = join(file, "weights.safetensors");
    const hint = existsSync(weights) ? { hint: `Name its weights: ${weights}.` } : {};
    return fail([{ ...unreadableFile("", file, error), ...hint }]);
  }
  if (isKeras(bytes)) return withNames(file, await importKeras(file, bytes, model, maps), model);
  const result = readSafetensors(bytes);
  if (!result.ok && /\.onnx$/i.test(file)) {
    const message = `"${file}" is an ONNX model; initial weights are read from other formats.`;
    const hint =
      "Use safetensors (names of rnnx or PyTorch), such as a run's weights.safetensors, or a .keras or .h5 file.";
    return fail([{ code: "file-format", path: "", file, message, hint }]);
  }
  if (!result.ok) {
    const message = `"${file}" cannot be read as safetensors: ${result.error}.`;
    const hint = "Use safetensors (names of rnnx or PyTorch), or a .keras or .h5 file of Keras.";
    return fail([{ code: "file-format", path: "", file, message, hint }]);
  }
  const tensors = matchWeightNorm(renameTensors(result.value.tensors, maps), model.parameters);
  const hasPublicNames = [...tensors.keys()].some((name) =>
    model.parameters.some((parameter) => parameter.name === name),
  );
  const imported = hasPublicNames ? undefined : importStateDict(file, result.value.tensors, model, maps);
  if (imported !== undefined) return withNames(file, imported, model);
  const matched = await withNames(file, ok({ tensors, notices: [] }), model, model.data?.ofFile);
  if (!matched.ok) return matched;
  const checked = checkWeights(file, matched.value.tensors, model.parameters);
  return checked.ok ? matched : checked;
}

/** The weights matched by the names of the model's data. */
async function withNames(
  file: string,
  imported: Result<ImportedWeights>,
  { spec, parameters, data }: TargetModel,
  metadata: Metadata | null = null,
): Promise<Result<ImportedWeights>> {
  if (!imported.ok || data === undefined) return imported;
  const { tensors, notices } = imported.value;
  const matched = await matchNames(file, tensors, metadata, { spec, parameters, ...data });
  return matched.ok ? ok({ ...matched.value, notices: [...notices, ...matched.value.notices] }) : matched;
}

/** Renames tensors, or all tensors of a layer, by `--map`. An empty target skips them. */
function renameTensors(tensors: Tensors, maps: readonly NameMap[]): Tensors {
  return new Map(
    [...tensors].flatMap(([name, tensor]) => {
      const map = maps.find(({ from }) => from !== "" && (name === from || name.startsWith(`${from}/`)));
      if (map === undefined) return [[name, tensor] as const];
      return map.to === "" ? [] : [[map.to + name.slice(map.from.length), tensor] as const];
    }),
  );
}

function checkWeights(file: string, tensors: Tensors, parameters: readonly StoredTensor[]): Result<null> {
  const expectedShapes = new Map(parameters.map((parameter) => [parameter.name, parameter.shape]));
  const hint = `The model has ${parameters.map(({ name, shape }) => `${name} [${shape.join(", ")}]`).join(", ")}.`;
  const problems: RunProblem[] = [];
  const report = (code: string, message: string) => problems.push({ code, path: "", file, message, hint });
  for (const [name, { shape, data }] of tensors) {
    const expectedShape = expectedShapes.get(name);
    if (expectedShape === undefined)
      report("init-name", `"${file}" contains "${name}", which the model does not have.`);
    else if (expectedShape.join() !== shape.join()) {
      report(
        "init-shape",
        `${name} in "${file}" has shape [${shape.join(", ")}], but the model needs [${expectedShape.join(", ")}].`,
      );
    } else if (!data.every(Number.isFinite))
      report("init-value", `${name} in "${file}" has values that are not finite.`);
  }
  return problems.length > 0 ? fail(problems) : ok(null);
}
