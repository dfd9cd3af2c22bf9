/** The weights of the models that onnx layers name, as initial values of their parameters. */
import type { StoredTensor } from "../../compiler/artifact.js";
import { child } from "../../schema/json-pointer.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import type { Tensor, Tensors } from "../tensors/safetensors.js";

/** Values of the parameters that a model stores. */
export async function readModelWeights(
  { model }: Pick<NormalSpec, "model">,
  parameters: readonly StoredTensor[],
): Promise<Result<Tensors>> {
  const tensors = new Map<string, Tensor>();
  const problems: RunProblem[] = [];
  for (const [index, layer] of model.entries()) {
    if (layer.layer !== "onnx") continue;
    const { layerModel } = await import("../../compiler/elaborate/layers/onnx/model.js");
    const opened = layerModel(layer);
    if (opened === undefined) continue;
    const prefix = `${layer.name}/`;
    const stored = parameters.filter(
      ({ name, initializer }) => initializer.type === "stored" && name.startsWith(prefix),
    );
    const { initialValues } = await import("../../compiler/onnx/read/initial-values.js");
    const values = initialValues(
      opened.bytes,
      new Set(stored.map(({ name }) => name.slice(prefix.length))),
      opened.external,
    );
    for (const { name, shape } of stored) {
      const value = values.get(name.slice(prefix.length));
      if (value === undefined) throw new Error(`${layer.file} has no tensor ${name}`);
      if (value.data.every(Number.isFinite)) tensors.set(name, { shape, data: value.data });
      else
        problems.push({
          code: "init-value",
          path: child(child("/model", index), "file"),
          message: `${name.slice(prefix.length)} in "${layer.file}" has values that are not finite.`,
          hint: "Use a model whose training did not diverge.",
        });
    }
  }
  return problems.length > 0 ? fail(problems) : ok(tensors);
}
