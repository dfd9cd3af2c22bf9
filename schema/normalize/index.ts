/** A user's spec to a normal spec: sugar expanded, defaults filled in, cells resolved. */

import { builtInCell } from "../built-in.js";
import { expandCustomLayers } from "../custom-layers.js";
import { expandCustomOptimizer } from "../custom-optimizers.js";
import type { Problem, Report } from "../diagnostics/index.js";
import { createSourceMap, type RecordOrigin, type SourceMap } from "../diagnostics/source-map.js";
import { child, type JsonObject } from "../json-pointer.js";
import { cellSchema, propertyOf, specSchema, structuralKeys } from "../json-schema.js";
import type { NormalCellDefinition, NormalData, NormalSpec } from "../normal/index.js";
import { ownDirections } from "../own-metrics.js";
import type { Spec } from "../spec.types.js";
import { withColumnKinds } from "./columns.js";
import { hasValidation, normalizeData, withStride } from "./data.js";
import { checkDecode } from "./decode.js";
import { fillDefaults } from "./fill.js";
import { normalizeLosses } from "./losses.js";
import { normalizeMetrics } from "./metrics.js";
import { normalizeModel } from "./model.js";
import { normalizeOptimizer } from "./optimizer.js";
import { checkSample } from "./sample.js";
import { carriesStates, checkStateful } from "./stateful.js";
import { withTableForm } from "./table.js";
import { normalizeTrain } from "./train.js";

export type NormalizeResult =
  | { readonly ok: true; readonly spec: NormalSpec; readonly origins: SourceMap }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * @param name of a spec that has no name.
 * @param models the SHA-256 of the models that layers name, by their names.
 */
export function normalize(spec: Spec, name: string, models: ReadonlyMap<string, string> = new Map()): NormalizeResult {
  const { recordOrigin, recordWholeOrigin, pathOf } = createSourceMap();
  // Copies of a block have the same problems.
  const problems = new Map<string, Problem>();
  const report = (problem: Problem) => {
    problems.set(`${problem.path} ${problem.code} ${problem.message}`, problem);
  };

  const userCells = normalizeUserCells(spec, recordOrigin, report);
  const usedCells = new Map<string, NormalCellDefinition>();
  const resolveCell = (cell: string, path: string): NormalCellDefinition => {
    const definition = usedCells.get(cell) ?? userCells.get(cell) ?? normalizeBuiltIn(cell, path, recordWholeOrigin);
    usedCells.set(cell, definition);
    return definition;
  };

  const fillKey = <T>(key: keyof Spec, value: unknown = spec[key]) =>
    fillDefaults<T>(value, propertyOf(specSchema(), key), child("", key), recordOrigin);
  const layers = fillKey<NormalSpec["layers"]>("layers", spec.layers ?? {});
  const withKinds = { ...spec, data: withColumnKinds(spec.data, recordOrigin, report) };
  const optimizers = fillKey<NormalSpec["optimizers"]>("optimizers", spec.optimizers ?? {});
  const schedules = fillKey<NormalSpec["schedules"]>("schedules", spec.schedules ?? {});
  const layersExpanded = expandCustomLayers(withKinds as unknown as JsonObject, true);
  const expanded = expandCustomOptimizer(layersExpanded, true) as unknown as Spec;
  const { layers: model, outputs: layerNames } = normalizeModel(expanded, {
    resolveCell,
    layers,
    models,
    recordOrigin,
    report,
  });
  const stateful = carriesStates(model);
  const withFile = withTableForm(withKinds.data);
  const data = normalizeData(fillKey<NormalData>("data", withStride(withFile, stateful)), recordOrigin, report);
  const directions = ownDirections((spec as unknown as JsonObject).metrics);
  const facts = { stateful, hasValidation: hasValidation(data), directions };
  const train = normalizeTrain(spec.train ?? {}, facts, recordOrigin, report);
  checkStateful(model, data, train, { pathOf }, report);
  const losses = normalizeLosses(spec, { model, layerNames, data }, recordOrigin, report);
  checkDecode({ data, model, losses, regularization: spec.regularization }, pathOf, report);
  checkSample(train, data, model, losses, report);
  const outputNames = new Set(losses.map(({ from }) => from));
  const outputs = new Map(
    [...model.map(({ name }) => [name, name] as const), ...layerNames].filter(([, name]) => outputNames.has(name)),
  );
  const normal: NormalSpec = {
    name: spec.name ?? name,
    seed: spec.seed ?? 0,
    data,
    layers,
    activations: fillKey<NormalSpec["activations"]>("activations", spec.activations ?? {}),
    optimizers,
    schedules,
    cells: recordOrigin(Object.fromEntries(usedCells), "/cells"),
    model,
    losses,
    adapt: fillKey<NormalSpec["adapt"]>("adapt", spec.adapt ?? null),
    regularization: fillKey<NormalSpec["regularization"]>("regularization", spec.regularization ?? null),
    metrics: normalizeMetrics(spec.metrics, outputs, { recordOrigin, recordWholeOrigin }, report),
    optimizer: normalizeOptimizer(expanded.optimizer, { optimizers, schedules, directions }, recordOrigin, report),
    train,
  };
  if (problems.size > 0) return { ok: false, problems: [...problems.values()] };
  return { ok: true, spec: recordOrigin(normal, ""), origins: { pathOf } };
}

function normalizeUserCells(
  spec: Spec,
  recordOrigin: RecordOrigin,
  report: Report,
): ReadonlyMap<string, NormalCellDefinition> {
  const cells = Object.entries(spec.cells ?? {}).map(([name, cell]) => {
    const path = child("/cells", name);
    const normal = fillDefaults<NormalCellDefinition>(cell, cellSchema(), path, recordOrigin);
    reportReservedOptions(normal, child(path, "options"), report);
    return [name, normal] as const;
  });
  return new Map(cells);
}

/** Options share an object with the keys of every use of a cell, so that their names must differ. */
function reportReservedOptions({ options }: NormalCellDefinition, path: string, report: Report): void {
  const reserved = [...structuralKeys("cell"), ...structuralKeys("rnn")];
  for (const option of Object.keys(options).filter((name) => reserved.includes(name))) {
    const message = `The option name "${option}" is reserved: rnn layers have a key of that name.`;
    report({ code: "reserved-name", path: child(path, option), atKey: true, message, hint: "Choose another name." });
  }
}

/** The origin of everything in a built-in cell is its first use in the spec. */
function normalizeBuiltIn(name: string, path: string, recordWholeOrigin: RecordOrigin): NormalCellDefinition {
  return fillDefaults(builtInCell(name), cellSchema(), path, (part) => recordWholeOrigin(part, path));
}
