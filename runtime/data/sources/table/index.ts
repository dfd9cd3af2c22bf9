/** Tables: windows over the rows of a CSV file; the targets are rows after a window, or after each of its steps. */

import { createHash } from "node:crypto";
import { classesSize, type Signature, targetsSignature } from "../../../../compiler/signature.js";
import { rowsOfExample } from "../../../../schema/kinds/columns.js";
import { rowsAhead } from "../../../../schema/kinds/horizon.js";
import { targetPort } from "../../../../schema/kinds/outputs.js";
import type { NormalTableData } from "../../../../schema/normal/index.js";
import type { RunProblem } from "../../../problem.js";
import { fail, ok, type Result } from "../../../result.js";
import type { NumericArray } from "../../../tensors/array.js";
import { nestedRows } from "../../../tensors/rows.js";
import { type FloatSeries, gatherRows } from "../../batching/windows.js";
import { detectMerges, mergeNotice } from "../../float32-merges.js";
import { mapPattern } from "../../formats/file-list.js";
import { classNotices, decodeClasses, fitClasses } from "../../labels.js";
import type { TableMetadata } from "../../metadata.js";
import { scaleValue, unscaleValues } from "../../scaler.js";
import { type DataSource, expectedBatchSize, type SourceKind, type Uses } from "../../source.js";
import { collectFloats } from "../../spill/float-list.js";
import { encodeLabels } from "../../vocabulary/lookup.js";
import { checkUses } from "./check-uses.js";
import { hasLabels } from "./columns.js";
import type { TableRows } from "./contents.js";
import { fillNotices, fitFill } from "./fill-rows.js";
import { futureArrays, futureInputs, withFuture } from "./future.js";
import {
  expectedSteps,
  type Feature,
  featuresOf,
  featureValue,
  fitIds,
  inputArrays,
  inputsSignature,
  updateDigest,
} from "./inputs.js";
import { leakNotices } from "./leaks.js";
import { timeMetadata } from "./order.js";
import { metadataOf, type Prepared } from "./prepared.js";
import { checkRollout, rolloutOf } from "./rollout.js";
import { iterateRows as tableRows } from "./row-order.js";
import { readRows } from "./rows.js";
import { fitScalers, markedRows } from "./scaling.js";
import { type TableWindows, windowsOf } from "./series.js";
import { seriesRows } from "./series-rows.js";
import { pooledNotices, type SeriesScaling, seriesArray, seriesScaling, withSeries } from "./series-scaling.js";
import { tooLargeProblem, tooShortProblem } from "./size.js";
import { constantNotices, staticArrays, staticInputs, withStatic } from "./static.js";
import { fittedColumns, type PreparedTarget, unknownLabelsProblem } from "./targets.js";
import { findLargeId, fitTexts, mapTextFiles, type TableTexts } from "./texts.js";
import { checkWindowScaling, windowScaling } from "./window-scaling.js";

export const table: SourceKind<NormalTableData> = {
  async open(specData, { folder, seed, targetUses, fittedMetadata, recordedClasses }) {
    const tableMetadata = fittedMetadata?.type === "table" ? fittedMetadata : null;
    const data = tableMetadata === null ? specData : { ...specData, ...fittedColumns(specData, tableMetadata) };
    const isFitted = tableMetadata !== null;
    const misused = checkUses(data, targetUses);
    if (misused.length > 0) return fail(misused);
    const result = await readRows(data, folder, targetUses, false, tableMetadata?.time);
    if (!result.ok) return result;
    const { rows, dropped } = result.value;
    const unscaled = checkWindowScaling(data, result.value);
    if (unscaled.length > 0) return fail(unscaled);
    const window = rowsOfExample(data);
    if (rows < window + rowsAhead(data)) return fail([tooShortProblem(data, rows, dropped, isFitted)]);
    const steps = [...targetUses.values()].some(({ everyStep }) => everyStep) ? window : 1;
    const span = steps + rowsAhead(data) - Math.min(...data.horizon);
    const windows = windowsOf(data, seed, result.value, span);
    if (!windows.ok) return windows;
    if (windows.value.firstRows.length === 0) return fail([tooShortProblem(data, rows, dropped, isFitted)]);
    const marks = markedRows(windows.value, data, rows);
    const texts = await fitTexts(data, result.value, marks, tableMetadata?.texts, folder);
    if (!texts.ok) return texts;
    const series = seriesScaling(data, result.value, marks, tableMetadata?.series, windows.value.firstRows);
    if (!series.ok) return series;
    const fitted = { metadata: tableMetadata, classes: recordedClasses, series: series.value };
    const prepared = prepare(data, result.value, targetUses, marks, fitted, texts.value);
    if (!prepared.ok) return prepared;
    return ok({
      ...windowSource(data, prepared.value, windows.value),
      ...seriesRows(data, result.value, windows.value, prepared.value, targetUses),
      notices: [
        ...result.value.notices,
        ...windows.value.notices,
        ...(data.window === null && !isFitted ? leakNotices(result.value, windows.value.splits) : []),
        ...prepared.value.notices,
        ...(isFitted ? [] : [...pooledNotices(data, result.value, marks), ...constantNotices(data, result.value)]),
        ...prepared.value.targets.flatMap(({ classes }) => classNotices(classes, isFitted)),
      ],
    });
  },
  mapFiles(data, rename) {
    return { ...data, file: mapPattern(data.file, rename), columns: mapTextFiles(data.columns, rename) };
  },
};

/** Earlier fits: the metadata of a run, its classes, the scales of the series. */
interface Fitted {
  readonly metadata: TableMetadata | null;
  readonly classes: ReadonlyMap<string | null, readonly string[]>;
  readonly series: SeriesScaling | null;
}

/** Scales the columns, fitted on the training split, and numbers the classes. */
function prepare(
  data: NormalTableData,
  read: TableRows,
  targetUses: ReadonlyMap<string, Uses>,
  marks: Uint8Array,
  { metadata: fittedMetadata, classes: recordedClasses, series }: Fitted,
  texts: TableTexts,
): Result<Prepared> {
  const { columns, values, kinds, targets } = read;
  const inputs = featuresOf(read);
  // Probabilities and counts are not scaled.
  const numberColumns = targets.flatMap((target) => (target.use?.targets === "numbers" ? target.columns : []));
  const isScaled = (column: number) => kinds[column]?.type !== "boolean";
  const scaledColumns = new Set([...inputs.map(({ column }) => column), ...numberColumns].filter(isScaled));
  const fill = fittedMetadata === null ? fitFill(read, marks) : (fittedMetadata.fill ?? {});
  const scalers = new Map(
    fittedMetadata === null
      ? fitScalers(data, { columns, values }, scaledColumns, marks)
      : Object.entries(fittedMetadata.scaler),
  );
  /** Columns with values beyond float32. */
  const overflowing = new Set<string>();
  /** By column without a scaler: an input may be a target too. */
  const notices = new Map<string, string>();
  const selectFeatures = (features: readonly Feature[], raw: boolean): FloatSeries => {
    const selected = collectFloats.float32();
    const selectedFeatures = features.map((feature) => ({
      feature,
      fill: fill[columns[feature.column] ?? ""],
      scaler: raw ? undefined : scalers.get(feature.name),
      detector: detectMerges(),
    }));
    for (const row of tableRows(values, columns.length))
      for (const { feature, fill: own, scaler, detector } of selectedFeatures) {
        const value = featureValue(row, feature, own);
        if (scaler === undefined) detector.update(value);
        const number = scaler === undefined ? value : scaleValue(value, scaler);
        if (!Number.isFinite(Math.fround(number))) overflowing.add(feature.name);
        selected.push(number);
      }
    for (const { feature, detector } of selectedFeatures) {
      const merged = detector.merged();
      const { name } = feature;
      if (merged !== undefined)
        notices.set(name, mergeNotice(`Column "${name}" of "${data.file}"`, merged, scaleRemedy));
    }
    return { dtype: "float32", width: features.length, data: selected.finish() };
  };

  const ids = fitIds(data, read, marks, fittedMetadata?.ids);
  const features = inputs.length === 0 ? null : selectFeatures(inputs, false);
  const names = (columnIndices: readonly number[]) => columnIndices.map((columnIndex) => columns[columnIndex] ?? "");
  const problems: RunProblem[] = [];
  const prepared = targets.map((target): PreparedTarget => {
    const { name, labels, use } = target;
    const common = {
      name,
      columns: names(target.columns),
      everyStep: targetUses.get(name)?.everyStep === true,
    };
    if (!hasLabels(target)) {
      const own = target.columns.map((column) => ({ name: columns[column] ?? "", column, isIndicator: false }));
      const series = selectFeatures(own, use?.targets === "probabilities" || use?.targets === "counts");
      return { ...common, series, classes: null };
    }
    const fitted = fittedMetadata === null ? undefined : (fittedMetadata.targets?.[name] ?? fittedMetadata).classes;
    const recorded = recordedClasses.get(name) ?? recordedClasses.get(null);
    const encoded = fitted === undefined ? ok(fitClasses(labels, recorded)) : encodeLabels(labels, fitted);
    if (!encoded.ok) problems.push(unknownLabelsProblem(data.file, common.columns[0] ?? "", encoded.error, labels));
    const classes = encoded.ok ? encoded.value : fitClasses(labels);
    return { ...common, series: { dtype: "int32", width: 1, data: classes.ids }, classes };
  });
  const future = futureInputs(data, read, ids.series);
  const constant = staticInputs(data, read, ids.series);
  if (!constant.ok) return constant;
  if (!future.ok) problems.push(...future.error);
  else problems.push(...checkRollout(data, read, future.value, ids.series, constant.value));
  if (!future.ok || problems.length > 0) return fail(problems);
  if (overflowing.size > 0) return fail([...overflowing].map((column) => tooLargeProblem(data, column)));
  return ok({
    inputs: { numbers: features, ids: ids.series, texts: texts.series },
    targets: prepared,
    inputNames: inputs.map(({ name }) => name),
    scalers,
    fill,
    scaling: windowScaling(data, read, future.value, series?.table ?? null),
    series,
    constant: constant.value,
    rollout: rolloutOf(data, read, future.value, scalers, constant.value),
    future: future.value,
    time: timeMetadata(read.time, fittedMetadata),
    notices: [...notices.values(), ...ids.notices, ...texts.notices, ...fillNotices(read, fill)],
  });
}

const scaleRemedy = 'Set data.scale to "standard" or "min_max", or subtract an offset.';

function windowSource(data: NormalTableData, prepared: Prepared, { firstRows, splits }: TableWindows): DataSource {
  const { inputs, targets, inputNames, scalers, scaling, rollout, future, series, constant } = prepared;
  const { horizon } = data;
  const window = rowsOfExample(data);
  const isRows = data.window === null;
  const inputWindows = { stride: 1, shift: 0, length: window };
  const rowsOf = (examples: ArrayLike<number>) => Uint32Array.from(examples, (example) => firstRows[example] ?? 0);
  /** The rows of the targets of a window that starts at row 0, of each step or of the last one. */
  const targetRows = targets.map(({ everyStep }) => {
    const steps = everyStep ? Array.from({ length: window }, (_, step) => step) : [window - 1];
    return steps.flatMap((step) => horizon.map((row) => step + row));
  });
  /** The shape of a target, without batch and time: row by row its columns. */
  const shapeOf = ({ classes, series }: PreparedTarget) => (classes === null ? [horizon.length * series.width] : []);
  const described = targets.flatMap(({ columns, classes }) => [columns, classes?.names ?? null]);
  const digest = createHash("sha256").update(JSON.stringify([inputNames, ...described]));
  updateDigest(digest, inputs);
  for (const { series } of targets)
    for (const chunk of "chunks" in series.data ? series.data.chunks() : [series.data]) digest.update(chunk);
  const signatures = targets.map((target) => {
    const leading = target.everyStep ? ["batch", "time"] : ["batch"];
    return [target.name, { dtype: target.series.dtype, shape: [...leading, ...shapeOf(target)] }] as const;
  });
  const inputsOf = inputsSignature(
    inputs.numbers?.width ?? null,
    inputs.ids,
    inputs.texts.map(({ name, column: { vocabulary } }) => ({ name, size: vocabulary.length })),
    isRows,
  );
  const withRowInputs = (signature: Signature) => {
    const ahead =
      future === null ? signature : withFuture(signature, { ...future, features: future.features.length }, horizon);
    const withIds = series === null ? ahead : withSeries(ahead);
    return constant === null ? withIds : withStatic(withIds, { ...constant, features: constant.features.length });
  };
  const targetOf = (name: string | undefined) => targets.find((target) => target.name === name) ?? targets[0];
  return {
    examples: firstRows.length,
    splits,
    digest: digest.digest("hex"),
    metadata: { ...metadataOf(prepared, horizon) },
    signature: (train) =>
      withRowInputs({
        ...inputsOf,
        targets: targetsSignature(signatures),
        sizes: {
          ...inputsOf.sizes,
          ...Object.fromEntries(
            targets.map(({ name, classes, series }) => [
              classesSize(name),
              classes?.count ?? horizon.length * series.width,
            ]),
          ),
        },
        ...(scaling !== undefined && { window_scaling: scaling }),
        ...(rollout !== undefined && { rollout }),
        ...(!isRows && { steps: window }),
        expected: { batch: expectedBatchSize(train, splits), time: window, ...expectedSteps(inputs) },
      }),
    batch: (indices) => {
      const arrays = targets.map((target, index): [string, NumericArray] => {
        const steps = target.everyStep ? [indices.length, window] : [indices.length];
        const shape = [...steps, ...shapeOf(target)];
        return [targetPort(target.name), gatherRows(target.series, rowsOf(indices), targetRows[index] ?? [], shape)];
      });
      const ahead = future === null ? [] : futureArrays(future, inputs, rowsOf(indices), window, horizon);
      const ids = series === null ? [] : [seriesArray(series, rowsOf(indices))];
      const once = constant === null ? [] : staticArrays(constant, inputs, rowsOf(indices));
      const windows = inputArrays(inputs, inputWindows, rowsOf(indices), isRows);
      return new Map([...windows, ...ahead, ...ids, ...once, ...arrays]);
    },
    findOutOfRange(array, limit, reason) {
      const target = targets.find(({ name }) => targetPort(name) === array);
      const label = target?.classes?.ids.find((id) => id >= limit);
      if (label === undefined) return findLargeId(inputs, array, limit, reason);
      const message = `Column "${target?.columns[0]}" has class ${target?.classes?.names?.[label] ?? label}, index ${label}.`;
      return { code: "table-class", path: "/data/target", message, hint: reason };
    },
    decode(predictions, _, name) {
      const { columns = [], classes = null } = targetOf(name) ?? {};
      if (classes !== null) return decodeClasses(predictions, classes);
      const width = columns.length;
      if (predictions.dtype !== "float32" || predictions.shape.at(-1) !== horizon.length * width)
        return nestedRows(predictions);
      const data = unscaleValues(predictions.data, (index) => scalers.get(columns[index % width] ?? ""));
      return nestedRows({ ...predictions, data });
    },
  };
}
