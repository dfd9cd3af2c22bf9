/** The parameters of a model in the units in which other frameworks keep theirs: cells, tables, dense layers. */
import type { StoredTensor } from "../../compiler/artifact.js";
import type { NormalSpec } from "../../schema/normal.js";
import type { UnitKind } from "./foreign.js";

export interface ModelUnit {
  /** `rnn/0`, `embedding`. */
  readonly name: string;
  readonly layer: string;
  readonly kind: UnitKind;
  /** What its recipes are listed under: the cell's name, or the kind. */
  readonly recipes: string;
  /** For each direction its parameters by their last name (`W`). */
  readonly directions: readonly ReadonlyMap<string, StoredTensor>[];
  /** The layer whose kernel this one uses, or null for its own. */
  readonly kernelOf: string | null;
}

/** In the order of the layers. What surrounds a cell (normalization, learned states) is in no unit, and starts from the seed. */
export function modelUnits({ model }: NormalSpec, parameters: readonly StoredTensor[]): readonly ModelUnit[] {
  /** The parameters right under a name. */
  const under = (prefix: string) =>
    new Map(
      parameters.flatMap((tensor) => {
        const rest = tensor.name.startsWith(`${prefix}/`) ? tensor.name.slice(prefix.length + 1) : "";
        return rest === "" || rest.includes("/") ? [] : [[rest, tensor] as const];
      }),
    );
  return model.flatMap((layer): readonly ModelUnit[] => {
    const { name } = layer;
    const unit = (unitName: string, kind: UnitKind, recipes: string, ways: readonly string[]): readonly ModelUnit[] => {
      const directions = ways.map(under);
      const kernelOf = layer.layer === "dense" || layer.layer === "projection" ? layer.weights : null;
      return directions.every((way) => way.size > 0)
        ? [{ name: unitName, layer: name, kind, recipes, directions, kernelOf }]
        : [];
    };
    if (layer.layer === "rnn")
      return layer.cells.flatMap(({ cell, bidirectional }, index) => {
        const at = `${name}/${index}`;
        return unit(at, "cell", cell, bidirectional === "none" ? [at] : [`${at}/forward`, `${at}/backward`]);
      });
    if (layer.layer === "embedding") return unit(name, "embedding", "embedding", [name]);
    if (layer.layer === "dense" || layer.layer === "projection") return unit(name, "dense", "dense", [name]);
    return [];
  });
}
