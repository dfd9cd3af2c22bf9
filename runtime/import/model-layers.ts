/** The parameters of a model in the units in which other frameworks keep theirs: cells, tables, dense layers. */
import type { StoredTensor } from "../../compiler/artifact.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { LayerKind } from "./foreign-weights.js";

export interface ModelLayer {
  /** `rnn/0`, `embedding`. */
  readonly name: string;
  readonly layerName: string;
  readonly kind: LayerKind;
  /** What its recipes are listed under: the cell's name, or the kind. */
  readonly ruleKey: string;
  /** For each direction its parameters by their last name (`W`). */
  readonly directions: readonly ReadonlyMap<string, StoredTensor>[];
  /** The layer whose kernel this one uses, or null for its own. */
  readonly kernelOf: string | null;
}

/** In the order of the layers. What surrounds a cell (normalization, learned states) is in no unit, and starts from the seed. */
export function modelLayers({ model }: NormalSpec, parameters: readonly StoredTensor[]): readonly ModelLayer[] {
  /** The parameters right under a name. */
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
