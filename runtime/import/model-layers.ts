/** The parameters of a model grouped as in other frameworks: by cells and layers. */
import type { StoredTensor } from "../../compiler/artifact.js";
import type { NormalLayer, NormalSpec } from "../../schema/normal/index.js";
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
  /** Numbers of heads of attention; otherwise null. */
  readonly heads: { readonly queries: number; readonly keys: number } | null;
}

const kindsOf: Readonly<Partial<Record<NormalLayer["layer"], Exclude<LayerKind, "cell">>>> = {
  embedding: "embedding",
  position: "position",
  dense: "dense",
  projection: "dense",
  conv1d: "conv1d",
  attention: "attention",
  layer_norm: "layer_norm",
  rms_norm: "rms_norm",
  group_norm: "group_norm",
  batch_norm: "batch_norm",
};

function headsOf(layer: NormalLayer): ModelLayer["heads"] {
  if (layer.layer !== "attention" || layer.heads === null) return null;
  return { queries: layer.heads, keys: layer.key_value_heads ?? layer.heads };
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
        ? [{ name: path, layerName: name, kind, ruleKey, directions, kernelOf, heads: headsOf(layer) }]
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
    const kind = kindsOf[layer.layer];
    // Scores without heads have no counterpart.
    const isImported = layer.layer !== "attention" || layer.heads !== null;
    return kind !== undefined && isImported ? createLayer(name, kind, kind, [name]) : [];
  });
}
