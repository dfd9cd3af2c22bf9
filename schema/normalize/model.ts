/** Layers with names, sources and defaults: every rnn layer has a list of cells, every cell all its options. */

import type { Report } from "../diagnostics/index.js";
import type { RecordOrigin } from "../diagnostics/source-map.js";
import { child } from "../json-pointer.js";
import { branchOf, definition, structuralKeys } from "../json-schema.js";
import type {
  CellOption,
  NormalCell,
  NormalCellDefinition,
  NormalCellDropout,
  NormalCustom,
  NormalLayer,
  NormalLayerDefinition,
  NormalLogMel,
  NormalProjection,
  NormalRnn,
  StateRates,
} from "../normal/index.js";
import type { Cell, CustomLayer, LogMelLayer, ProjectionLayer, RnnLayer, Spec } from "../spec.types.js";
import { expandBlocks } from "./blocks.js";
import { inputEncoders } from "./columns.js";
import { fillDefaults } from "./fill.js";

export interface ModelContext {
  /** The definition of a cell. `path` is the origin of a built-in cell. */
  readonly resolveCell: (name: string, path: string) => NormalCellDefinition;
  /** The layers of the user's own by name. */
  readonly layers: Readonly<Record<string, NormalLayerDefinition>>;
  /** The SHA-256 of the models that layers name, by their names. */
  readonly models: ReadonlyMap<string, string>;
  readonly recordOrigin: RecordOrigin;
  readonly report: Report;
}

export interface NormalModel {
  readonly layers: readonly NormalLayer[];
  /** The layers of the outputs of layers and blocks, by their names in the spec. */
  readonly outputs: ReadonlyMap<string, string>;
}

export function normalizeModel(spec: Spec, context: ModelContext): NormalModel {
  const { layers: placed, outputs } = expandBlocks(spec, inputEncoders(spec), context.report);
  const layers = placed.map(({ layer, path }) => {
    if (layer.layer === "rnn") return normalizeRnn(layer, path, context);
    if (layer.layer === "projection") return normalizeProjection(layer, path, spec, context);
    if (layer.layer === "custom") return normalizeCustom(layer, path, context);
    if (layer.layer === "log_mel") return normalizeLogMel(layer, path, spec, context);
    const branch = branchOf(definition("layer"), { layer: layer.layer });
    const sha256 = layer.layer === "onnx" ? { sha256: context.models.get(layer.file) ?? null } : {};
    return fillDefaults<NormalLayer>({ ...layer, ...sha256 }, branch, path, context.recordOrigin);
  });
  return { layers: context.recordOrigin(layers, "/model"), outputs };
}

/** Options of the definition that are not given have its defaults. */
function normalizeCustom(layer: CustomLayer, path: string, context: ModelContext): NormalCustom {
  const { options } = context.layers[layer.type] ?? { options: {} };
  const given = { ...layer, options: { ...options, ...layer.options } };
  return fillDefaults<NormalCustom>(given, definition("custom"), path, context.recordOrigin);
}

function normalizeProjection(
  layer: ProjectionLayer,
  path: string,
  spec: Spec,
  context: ModelContext,
): NormalProjection {
  if (layer.size === undefined && spec.data.type !== "text") {
    context.report({
      code: "missing-key",
      path,
      message: 'Missing key "size" in the projection layer.',
      hint: 'The default "vocabulary" applies to text data only. For example "size": 10, or "classes".',
    });
  }
  return fillDefaults(
    { ...layer, size: layer.size ?? "vocabulary" },
    definition("projection"),
    path,
    context.recordOrigin,
  );
}

/** The samples per second are those of the data where a layer has none. */
function normalizeLogMel(
  layer: LogMelLayer,
  path: string,
  { data }: Pick<Spec, "data">,
  context: ModelContext,
): NormalLogMel {
  const rate = layer.sample_rate ?? (data.type === "audio" ? data.sample_rate : undefined);
  if (rate === undefined)
    context.report({
      code: "missing-key",
      path,
      message: 'Missing key "sample_rate" in the log_mel layer.',
      hint: "Only audio data has samples per second. For example 16000.",
    });
  if (data.type === "audio" && rate !== data.sample_rate)
    context.report({
      code: "sample-rate",
      path: child(path, "sample_rate"),
      message: `The layer has ${rate} samples per second, but the data ${data.sample_rate}.`,
      hint: "Remove sample_rate from the layer.",
    });
  return fillDefaults({ ...layer, sample_rate: rate ?? 0 }, definition("log_mel"), path, context.recordOrigin);
}

function normalizeRnn(
  layer: RnnLayer & Pick<NormalRnn, "name" | "from">,
  path: string,
  context: ModelContext,
): NormalRnn {
  const uses: readonly { readonly use: Cell | RnnLayer; readonly path: string }[] =
    layer.cells?.map((use, index) => ({ use, path: child(child(path, "cells"), index) })) ??
    Array.from({ length: layer.layers ?? 1 }, () => ({ use: layer, path }));
  const cells = uses.map(({ use, path: usePath }) =>
    context.recordOrigin(normalizeCell(use, layer, usePath, context), usePath),
  );
  const shareWeights = layer.share_weights ?? false;
  if (shareWeights)
    checkSharedCells(
      cells,
      uses.map((each) => each.path),
      context.report,
    );
  const normal = {
    layer: "rnn",
    name: layer.name,
    from: layer.from,
    cells: context.recordOrigin(cells, child(path, "cells")),
    share_weights: shareWeights,
    weights: layer.weights ?? null,
    initial_state: layer.initial_state ?? "zeros",
    stateful: layer.stateful ?? false,
    unroll: layer.unroll ?? false,
    return: layer.return ?? "sequence",
  } as const;
  return context.recordOrigin(normal, path);
}

function normalizeCell(use: Cell | RnnLayer, layer: RnnLayer, path: string, context: ModelContext): NormalCell {
  const { cell = "", hidden_size = 0 } = use;
  const { options } = context.resolveCell(cell, child(path, "cell"));
  const explicitOption = (option: string): CellOption | undefined => {
    const value = Object.hasOwn(use, option) ? use[option] : undefined;
    return typeof value === "number" || typeof value === "boolean" || typeof value === "string" ? value : undefined;
  };
  const fillPart = <T>(key: "dropout" | "zoneout", name: string): T => {
    const schema = definition(name);
    return fillDefaults<T>(
      use[key] ?? layer[key] ?? schema.default ?? {},
      schema,
      child(path, key),
      context.recordOrigin,
    );
  };
  return {
    cell,
    hidden_size,
    trainable: use.trainable ?? layer.trainable ?? true,
    residual: use.residual ?? layer.residual ?? false,
    bidirectional: use.bidirectional ?? layer.bidirectional ?? "none",
    dropout: fillPart<NormalCellDropout>("dropout", "cell_dropout"),
    zoneout: fillPart<StateRates>("zoneout", "zoneout"),
    layer_norm: use.layer_norm ?? layer.layer_norm ?? false,
    ...Object.fromEntries(
      Object.entries(options).map(([option, defaultValue]) => [option, explicitOption(option) ?? defaultValue]),
    ),
  };
}

/** Keys in which cells with shared weights may differ. */
const independentOfWeights: readonly string[] = ["residual", "dropout", "zoneout"];

/** Reports cells with shared weights that differ in a key that shapes the weights or their use. */
function checkSharedCells(cells: readonly NormalCell[], paths: readonly string[], report: Report): void {
  const first = cells[0] as NormalCell;
  cells.forEach((cell, index) => {
    const keys = new Set([...structuralKeys("cell"), ...Object.keys(first), ...Object.keys(cell)]);
    const differingKey = [...keys]
      .filter((key) => !independentOfWeights.includes(key))
      .find((key) => cell[key] !== first[key]);
    if (differingKey === undefined) return;
    report({
      code: "unlike-shared-cells",
      path: child(String(paths[index]), differingKey),
      message: `Cells with shared weights must be equal, but cells[${index}] differs from cells[0] in "${differingKey}".`,
      hint: 'Make them equal, or remove "share_weights".',
    });
  });
}
