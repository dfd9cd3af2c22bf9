/** The signature of a spec's data before any file is opened; complete for data that the spec itself contains. */
import {
  type ArraySignature,
  classesSize,
  type Signature,
  sideTimeAxis,
  targetsSignature,
  vocabularySize,
} from "../../compiler/signature.js";
import { child } from "../../schema/json-pointer.js";
import { hasKinds, idInputs, inputKinds, periods, textInputs } from "../../schema/kinds/columns.js";
import { predictsOwnRow } from "../../schema/kinds/horizon.js";
import type {
  NormalArraysData,
  NormalPairsData,
  NormalSequencesData,
  NormalSpec,
  NormalTableData,
  NormalTextData,
} from "../../schema/normal/index.js";
import { fail, ok, type Result } from "../result.js";
import { readNested } from "./formats/nested-lists.js";
import { mapDataFiles, openData } from "./index.js";
import { targetUsesOf, type Uses, usesOf } from "./source.js";
import { inputSources, isNamed, targetSources } from "./sources/array-roles.js";
import { checkPairColumns } from "./sources/pair-columns.js";
import { checkSequenceColumns } from "./sources/sequence-columns.js";
import { checkUses } from "./sources/table/check-uses.js";
import { checkClassHorizon, checkHorizon, targetColumns } from "./sources/table/columns.js";
import { withFuture } from "./sources/table/future.js";
import { hasIndicator, inputsSignature, isFeature } from "./sources/table/inputs.js";
import { withStatic } from "./sources/table/static.js";

export interface InferredSignature {
  /** Possible signatures, the likeliest first. Sizes that depend on files are symbols. */
  readonly signatures: readonly Signature[];
  /** False when the ranks and widths of arrays depend on files: a mismatch with such a guess is no error. */
  readonly isCertain: boolean;
}

export async function inferSignature(spec: NormalSpec, folder: string): Promise<Result<InferredSignature>> {
  if (dataFiles(spec).length === 0) {
    const opened = await openData(spec, folder);
    return opened.ok ? ok({ signatures: [opened.value.signature(spec.train)], isCertain: true }) : opened;
  }
  return inferFromSpec(spec, spec.data);
}

function inferFromSpec(spec: NormalSpec, data: NormalSpec["data"]): Result<InferredSignature> {
  switch (data.type) {
    case "text":
      return inferText(spec, data);
    case "table":
      return inferTable(spec, data);
    case "sequences":
      return inferSequences(spec, data);
    case "images":
      return inferImages(spec);
    case "audio":
      return inferAudio(spec);
    case "pairs":
      return inferPairs(spec, data);
    case "arrays":
      return inferArrays(spec, data);
  }
}

/** The files that the data of a spec names. */
export function dataFiles({ data }: NormalSpec): readonly string[] {
  const files: string[] = [];
  mapDataFiles(data, (file) => {
    files.push(file);
    return file;
  });
  return files;
}

function inferText({ train }: NormalSpec, { window }: NormalTextData): Result<InferredSignature> {
  const ids: ArraySignature = { dtype: "int32", shape: ["batch", "time"] };
  const sizes = { vocabulary: "vocabulary", classes: "vocabulary" };
  const expected = { batch: batchSizeOrOne(train), time: window };
  return ok({ signatures: [{ inputs: ids, targets: ids, sizes, steps: window, expected }], isCertain: true });
}

function inferTable(spec: NormalSpec, data: NormalTableData): Result<InferredSignature> {
  const { columns, target, window, horizon } = data;
  const isRows = window === null;
  const problems = [
    ...checkHorizon(data),
    ...checkClassHorizon(data, targetUsesOf(spec)),
    ...checkUses(data, targetUsesOf(spec)),
  ];
  if (problems.length > 0) return fail(problems);
  const named = targetColumns(target);
  const sameRowTargets = predictsOwnRow(data) ? named.flatMap(([, wanted]) => wanted ?? []) : [];
  // A target may be one of the columns by its name in one list, and by its number in the other.
  const listed = hasKinds(columns) ? null : columns;
  const isKnown = new Set([...(listed ?? []), ...sameRowTargets].map((column) => typeof column)).size === 1;
  const inputColumns = listed?.filter((column) => !sameRowTargets.includes(column));
  const kinds = inputKinds(data);
  const ofKinds =
    kinds === null
      ? null
      : [...kinds.values()].reduce((n, kind) => n + Number(isFeature(kind)) + Number(hasIndicator(kind)), 0);
  const features = ofKinds ?? (isKnown ? inputColumns?.length : undefined) ?? "features";
  const ids = idInputs(data).map(({ name, feature }) => ({
    name,
    size: feature === null ? vocabularySize(name) : periods[feature],
  }));
  const texts = textInputs(data).map(({ name }) => ({ name, size: vocabularySize(name) }));
  const inputs = inputsSignature(features === 0 ? null : features, ids, texts, isRows);
  const uses = targetUsesOf(spec);
  const targets = named.map(([name, wanted]) => {
    const { targets: kind, everyStep } = uses.get(name) ?? usesOf(spec);
    const leadingAxes = everyStep ? ["batch", "time"] : ["batch"];
    const ofInputs = kinds === null ? features : [...kinds.values()].filter(({ type }) => type === "number").length;
    const width = wanted?.length ?? ofInputs;
    const ofRows =
      typeof width === "number" ? width * horizon.length : horizon.length === 1 ? width : classesSize(name);
    const size = kind === "classes" ? classesSize(name) : ofRows;
    const array: ArraySignature =
      kind === "classes" ? { dtype: "int32", shape: leadingAxes } : { dtype: "float32", shape: [...leadingAxes, size] };
    return { name, array, size };
  });
  const signature: Signature = {
    ...inputs,
    targets: targetsSignature(targets.map(({ name, array }) => [name, array])),
    sizes: { ...inputs.sizes, ...Object.fromEntries(targets.map(({ name, size }) => [classesSize(name), size])) },
    ...(window !== null && { steps: window }),
    ...(data.decode === "autoregressive" && { rollout: { rows: horizon.length, columns: [] } }),
    expected: { batch: batchSizeOrOne(spec.train), time: window ?? 1 },
  };
  return ok({ signatures: [withKnownFuture(signature, data)], isCertain: true });
}

/** The signature with the inputs of the rows to be predicted and of series, as far as the spec shows them. */
function withKnownFuture(signature: Signature, data: NormalTableData): Signature {
  const { known_future: known, horizon } = data;
  const kinds = inputKinds(data);
  const countOf = (name: string) => {
    const kind = kinds?.get(name);
    return kinds === null ? 1 : Number(isFeature(kind)) + Number(hasIndicator(kind));
  };
  const count = (columns: readonly string[]) => columns.reduce((sum, name) => sum + countOf(name), 0);
  const idsOf = (columns: readonly string[], dates: boolean) =>
    idInputs(data).flatMap(({ name, column, feature }) =>
      (dates && feature !== null) || columns.includes(column) ? [name] : [],
    );
  const once = data.static ?? [];
  const constant = withStatic(signature, { features: count(once), ids: idsOf(once, false) });
  return known === null ? constant : withFuture(constant, { features: count(known), ids: idsOf(known, true) }, horizon);
}

function inferPairs(spec: NormalSpec, data: NormalPairsData): Result<InferredSignature> {
  const problems = checkPairColumns(data);
  if (problems.length > 0) return fail(problems);
  const isText = usesOf(spec).inputs === "ids";
  const tokens: ArraySignature = { dtype: "int32", shape: ["batch", "target_time"] };
  const lengths: ArraySignature = { dtype: "int64", shape: ["batch"] };
  const signature: Signature = {
    inputs: isText ? { dtype: "int32", shape: ["batch", "time"] } : { dtype: "float32", shape: ["batch", "features"] },
    ...(isText && { lengths }),
    side_inputs: { decoder_inputs: tokens },
    targets: tokens,
    target_lengths: lengths,
    sizes: {
      ...(isText ? { vocabulary: "vocabulary" } : { features: "features" }),
      target_vocabulary: "target_vocabulary",
      classes: "target_vocabulary",
    },
    expected: { batch: batchSizeOrOne(spec.train), time: 1, target_time: 1 },
  };
  return ok({ signatures: [signature], isCertain: true });
}

/** The targets of sequences, and their sizes. */
function inferSequenceTargets(spec: NormalSpec): Pick<Signature, "targets" | "sizes"> {
  const targets = [...targetUsesOf(spec)].map(([name, uses]): readonly [string, ArraySignature] => {
    const leadingAxes = uses.everyStep ? ["batch", "time"] : ["batch"];
    return uses.targets === "classes"
      ? [name, { dtype: "int32", shape: leadingAxes }]
      : [name, { dtype: "float32", shape: [...leadingAxes, classesSize(name)] }];
  });
  const sizes = targets.map(([name]) => [classesSize(name), classesSize(name)] as const);
  return { targets: targetsSignature(targets), sizes: Object.fromEntries(sizes) };
}

function inferSequences(spec: NormalSpec, data: NormalSequencesData): Result<InferredSignature> {
  const problems = checkSequenceColumns(data);
  if (problems.length > 0) return fail(problems);
  const { inputs } = usesOf(spec);
  const { targets, sizes } = inferSequenceTargets(spec);
  const signature: Signature = {
    inputs:
      inputs === "ids"
        ? { dtype: "int32", shape: ["batch", "time"] }
        : { dtype: "float32", shape: ["batch", "time", "features"] },
    targets,
    lengths: { dtype: "int64", shape: ["batch"] },
    sizes: { ...(inputs === "ids" ? { vocabulary: "vocabulary" } : { features: "features" }), ...sizes },
    expected: { batch: batchSizeOrOne(spec.train), time: 1 },
  };
  return ok({ signatures: [signature], isCertain: true });
}

function inferImages({ train }: NormalSpec): Result<InferredSignature> {
  const signature: Signature = {
    inputs: { dtype: "float32", shape: ["batch", "time", "features"] },
    targets: { dtype: "int32", shape: ["batch"] },
    sizes: { features: "features", classes: "classes" },
    expected: { batch: batchSizeOrOne(train), time: 1 },
  };
  return ok({ signatures: [signature], isCertain: true });
}

function inferAudio({ train }: NormalSpec): Result<InferredSignature> {
  const signature: Signature = {
    inputs: { dtype: "float32", shape: ["batch", "time", 1] },
    targets: { dtype: "int32", shape: ["batch"] },
    lengths: { dtype: "int64", shape: ["batch"] },
    sizes: { features: 1, classes: "classes" },
    expected: { batch: batchSizeOrOne(train), time: 1 },
  };
  return ok({ signatures: [signature], isCertain: true });
}

function inferArrays(spec: NormalSpec, data: NormalArraysData): Result<InferredSignature> {
  const { inputs: input, targets: target, lengths, weights, initial_states } = data;
  const states = Object.entries(initial_states).map(
    ([name, source]) => [name, source, "/data/initial_states"] as const,
  );
  const targetSourcesByName = targetSources({ targets: target });
  const roles = Object.entries({ lengths, weights });
  const sources = inputSources({ inputs: input });
  const inputsPath = sources.length === 1 && sources[0]?.[0] === "inputs" ? "/data" : "/data/inputs";
  const arraySources = [
    ...sources.map(([name, source]) => [name, source, inputsPath] as const),
    ...targetSourcesByName.map(
      ([name, source]) => [name, source, isNamed(target) ? "/data/targets" : "/data"] as const,
    ),
    ...roles.map(([name, source]) => [name, source, "/data"] as const),
    ...states,
  ];
  const problems = arraySources.flatMap(([name, source, parent]) => {
    if (source === null || typeof source === "string") return [];
    const result = readNested(source, name, child(parent, name));
    return result.ok ? [] : result.error;
  });
  if (problems.length > 0) return fail(problems);

  const uses = usesOf(spec);
  const asIds = uses.inputs === "ids" || uses.inputKind(sources[0]?.[0] ?? "inputs") === "ids";
  const inputs: readonly ArraySignature[] = asIds
    ? [{ dtype: "int32", shape: ["batch", "time"] }]
    : [
        { dtype: "float32", shape: ["batch", "time", "features"] },
        { dtype: "float32", shape: ["batch", "features"] },
      ];
  const targetOf = (name: string): ArraySignature =>
    (targetUsesOf(spec).get(name) ?? uses).targets === "classes"
      ? { dtype: "int32", shape: ["batch", "time"] }
      : { dtype: "float32", shape: ["batch", "time", classesSize(name)] };
  const shared = {
    targets: targetsSignature(targetSourcesByName.map(([name]) => [name, targetOf(name)])),
    ...(lengths !== null && { lengths: { dtype: "int64", shape: ["batch"] } as const }),
    ...(weights !== null && { weights: { dtype: "float32", shape: ["batch", "time"] } as const }),
    sizes: {
      ...(asIds ? { vocabulary: "vocabulary" } : { features: "features" }),
      ...Object.fromEntries(targetSourcesByName.map(([name]) => [classesSize(name), classesSize(name)])),
    },
    ...inferSideInputs(sources, uses),
    expected: { batch: batchSizeOrOne(spec.train), time: 1 },
  };
  return ok({ signatures: inputs.map((signature) => ({ inputs: signature, ...shared })), isCertain: false });
}

/** Signatures of the side inputs, by name. */
function inferSideInputs(
  [first, ...sideInputs]: ReturnType<typeof inputSources>,
  { inputKind }: Uses,
): Partial<Signature> {
  const arrays = sideInputs.map(([name]): [string, ArraySignature] => [
    name,
    inputKind(name) === "ids"
      ? { dtype: "int32", shape: ["batch", sideTimeAxis(name)] }
      : { dtype: "float32", shape: ["batch", sideTimeAxis(name), "features"] },
  ]);
  return {
    ...(first !== undefined && first[0] !== "inputs" && { main_input: first[0] }),
    ...(arrays.length > 0 && { side_inputs: Object.fromEntries(arrays) }),
  };
}

function batchSizeOrOne({ batch_size }: NormalSpec["train"]): number {
  return typeof batch_size === "number" ? batch_size : 1;
}
