/** The parameters of a model grouped as in other frameworks: cells, embeddings and dense layers. */
import type { StoredTensor } from "../../compiler/artifact.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { LayerKind } from "./foreign-weights.js";

export interface ModelLayer {
  /** `rnn/0`, `embedding`. */
  readonly name: string;
  readonly layerName: string;
  readonly kind: LayerKind;
  /** Key of the conversion rules: the cell's name, or the kind. */
  readonly ruleKey: string;
  /** For each direction its parameters by their last name (`W`). */
  readonly directions: readonly ReadonlyMap<string, StoredTensor>[];
  /** The layer whose kernel this one shares, or null. */
  readonly kernelOf: string | null;
}

/** In the order of the layers. Parameters around a cell (normalization, learned states) are not imported. */
export function modelLayers({ model }: NormalSpec, parameters: readonly StoredTensor[]): readonly ModelLayer[] {
  /** The direct parameters of a layer. */
  const parametersUnder = (prefix: string) =>
    new Map(
      parameters.flatMap((tensor) => {
        const rest = tensor.name.startsWith(`${prefix}/`) ? tensor.name.slice(prefix.length + 1) : "";
        return rest === "" || rest.includes("/") ? [] : [[rest, tensor] as const];
      }),
    );
  return model.flatMap((layer): readonly ModelLayer[] => {
    const { name } = layer;
    const createLayer = (
      path: string,
      kind: LayerKind,
      ruleKey: string,
      prefixes: readonly string[],
    ): readonly ModelLayer[] => {
      const directions = prefixes.map(parametersUnder);
      const kernelOf = layer.layer === "dense" || layer.layer === "projection" ? layer.weights : null;
      return directions.every((parametersByName) => parametersByName.size > 0)
        ? [{ name: path, layerName: name, kind, ruleKey, directions, kernelOf }]
        : [];
    };
    if (layer.layer === "rnn")
      return layer.cells.flatMap(({ cell, bidirectional }, index) => {
        const cellName = `${name}/${index}`;
        return createLayer(
          cellName,
          "cell",
          cell,
          bidirectional === "none" ? [cellName] : [`${cellName}/forward`, `${cellName}/backward`],
        );
      });
    if (layer.layer === "embedding") return createLayer(name, "embedding", "embedding", [name]);
    if (layer.layer === "dense" || layer.layer === "projection") return createLayer(name, "dense", "dense", [name]);
    return [];
  });
}
