/** Axes of parameters that are numbered by the data: by the symbols of a vocabulary, classes, or columns of a table. */
import type { ModelShapes } from "../../compiler/compile.js";
import {
  type ArraySignature,
  classesSize,
  mapTargets,
  type Signature,
  vocabularySize,
} from "../../compiler/signature.js";
import { vocabularyOf } from "../../schema/kinds/layers.js";
import { type ModelOutput, ONLY_TARGET, outputsOf } from "../../schema/kinds/outputs.js";
import type { NormalLayer, NormalLoss, NormalSpec } from "../../schema/normal/index.js";
import { type Metadata, otherCategories, type TableMetadata } from "../data/metadata.js";

export type Name = string | number;

type SizeName =
  | "vocabulary"
  | `vocabulary/${string}`
  | "target_vocabulary"
  | "classes"
  | `classes/${string}`
  | "features";

/** Names that number an axis, with the sizes of the data that are their count. */
export interface AxisNames {
  /** "symbols", "classes" or "columns". */
  readonly kind: "symbols" | "classes" | "columns";
  readonly sizes: readonly SizeName[];
  /** Null where the ids are the names. */
  readonly names: readonly Name[] | null;
}

/** All names that number axes of a model on these data. */
export function axisNamesOf(metadata: Metadata): readonly AxisNames[] {
  switch (metadata.type) {
    case "text":
      return [{ kind: "symbols", sizes: ["vocabulary", "classes"], names: metadata.vocabulary }];
    case "pairs":
      return [
        { kind: "symbols", sizes: ["vocabulary"], names: metadata.vocabulary },
        { kind: "symbols", sizes: ["target_vocabulary", "classes"], names: metadata.target_vocabulary },
      ];
    case "sequences":
      return [
        { kind: "symbols", sizes: ["vocabulary"], names: metadata.vocabulary ?? null },
        ...Object.entries(metadata.targets ?? { [ONLY_TARGET]: metadata }).map(([name, { classes }]): AxisNames => {
          return { kind: "classes", sizes: [classesSize(name)], names: classes ?? null };
        }),
      ];
    case "table":
      return [...categoryAxes(metadata), ...tableAxes(metadata)];
    case "audio":
      return [{ kind: "classes", sizes: ["classes"], names: metadata.classes }];
    case "images":
    case "arrays":
      return [];
  }
}

/** The ids of each input of categories. */
function categoryAxes({ ids = {} }: TableMetadata): readonly AxisNames[] {
  return Object.entries(ids).flatMap(([name, column]): readonly AxisNames[] => {
    if (!("categories" in column)) return [];
    return [{ kind: "symbols", sizes: [vocabularySize(name)], names: [...column.categories, ...otherCategories] }];
  });
}

function tableAxes({ columns, target, classes, targets }: TableMetadata): readonly AxisNames[] {
  if (targets !== undefined)
    return [
      { kind: "columns", sizes: ["features"], names: columns },
      ...Object.entries(targets).map(([name, own]): AxisNames => {
        const sizes = [classesSize(name)];
        return own.classes === undefined
          ? { kind: "columns", sizes, names: own.target }
          : { kind: "classes", sizes, names: own.classes };
      }),
    ];
  if (classes !== undefined)
    return [
      { kind: "columns", sizes: ["features"], names: columns },
      { kind: "classes", sizes: ["classes"], names: classes },
    ];
  // One size may be that of both, so both change together where they are the same columns.
  if (columns.join("\n") === target.join("\n"))
    return [{ kind: "columns", sizes: ["features", "classes"], names: columns }];
  return [
    { kind: "columns", sizes: ["features"], names: columns },
    { kind: "columns", sizes: ["classes"], names: target },
  ];
}

/** The axes of the parameters that are numbered by names. */
export interface DataAxes {
  /** By parameter; null where a size depends on the number of names in another way. */
  readonly axes: ReadonlyMap<string, readonly number[] | null>;
  /** True where the model has one output for each name, or the names are not those of its outputs. */
  readonly coversOutputs: boolean;
}

/**
 * The axes that grow by 1 in a model whose data has one name more; null where there is no such model, because another
 * size of the spec must be equal.
 */
export async function dataAxes(
  spec: NormalSpec,
  signature: Signature,
  { sizes, names }: AxisNames,
): Promise<DataAxes | null> {
  const { modelShapes } = await import("../../compiler/compile.js");
  const comparable = withoutSizedOptions(spec);
  const before = modelShapes(comparable, signature);
  const after = modelShapes(growSpec(comparable, sizes), growSignature(signature, sizes));
  if (before === null || after === null) return null;
  const axes = new Map(
    [...before.parameters].map(([name, shape]) => [
      name,
      grownAxes(shape, after.parameters.get(name) ?? [], names?.length),
    ]),
  );
  const coversOutputs = outputsOfSizes(spec, sizes).every(
    ({ name }) => widthOf(after.predictions.get(name)) === widthOf(before.predictions.get(name)) + 1,
  );
  return { axes, coversOutputs };
}

/** The outputs whose targets have one of the sizes. */
function outputsOfSizes(spec: NormalSpec, sizes: AxisNames["sizes"]): readonly ModelOutput[] {
  return outputsOf(spec).filter(({ loss }) => sizes.some((size) => size === classesSize(loss.target)));
}

function widthOf(shape: Shape | undefined): number {
  return Number(shape?.at(-1));
}

type Shape = NonNullable<ReturnType<ModelShapes["predictions"]["get"]>>;

/** An axis of another size than the count, such as that of a concatenation, has entries of something else. */
function grownAxes(before: Shape, after: Shape, count: number | undefined): readonly number[] | null {
  const changed = before.flatMap((size, axis) => (size === after[axis] ? [] : [axis]));
  const areTheirs = changed.every((axis) => before[axis] === count && after[axis] === Number(count) + 1);
  return areTheirs ? changed : null;
}

/** Options of the losses with one number for each output do not change a parameter. */
function withoutSizedOptions(spec: NormalSpec): NormalSpec {
  const losses = spec.losses.map((loss): NormalLoss => {
    if ("class_weights" in loss) return { ...loss, class_weights: null };
    return "positive_weight" in loss ? { ...loss, positive_weight: 1 } : loss;
  });
  return { ...spec, losses };
}

/** Sizes that the spec writes as numbers grow too: those of tables of ids, and that of the output. */
function growSpec(spec: NormalSpec, sizes: AxisNames["sizes"]): NormalSpec {
  const outputs = outputsOfSizes(spec, sizes).map(({ model }) => outputLayer(model));
  const readsIds = ({ from }: NormalLayer) =>
    from.includes("decoder_inputs") ? sizes.includes("target_vocabulary") : sizes.includes("vocabulary");
  const model = spec.model.map((layer): NormalLayer => {
    const ids = vocabularyOf(layer);
    if (ids !== undefined && typeof ids.size === "number" && readsIds(layer))
      return { ...layer, [ids.key]: ids.size + 1 };
    return outputs.includes(layer) && "size" in layer && typeof layer.size === "number"
      ? { ...layer, size: layer.size + 1 }
      : layer;
  });
  return { ...spec, model };
}

/** The layer whose size is that of the output. */
function outputLayer(model: readonly NormalLayer[]): NormalLayer | undefined {
  let layer = model.at(-1);
  while (layer?.layer === "activation" || layer?.layer === "dropout") {
    const [source] = layer.from;
    layer = model.find(({ name }) => name === source);
  }
  return layer;
}

function growSignature(signature: Signature, sizes: AxisNames["sizes"]): Signature {
  const grow = (array: ArraySignature): ArraySignature => ({
    ...array,
    shape: array.shape.map((size, axis) =>
      axis === array.shape.length - 1 && typeof size === "number" ? size + 1 : size,
    ),
  });
  const grownSizes = Object.entries(signature.sizes).map(([name, size]) => {
    const isGrown = sizes.some((grown) => grown === name) && typeof size === "number";
    return [name, isGrown ? size + 1 : size] as const;
  });
  const { inputs, targets } = signature;
  return {
    ...signature,
    inputs: sizes.includes("features") && inputs.dtype === "float32" ? grow(inputs) : inputs,
    targets: mapTargets(targets, (array, name) =>
      sizes.some((size) => size === classesSize(name)) && array.dtype === "float32" ? grow(array) : array,
    ),
    sizes: Object.fromEntries(grownSizes),
  };
}
