/** What a spec's data says of itself before any file is opened: all of it where the data is written into the spec. */
import type { ArraySignature, Signature } from "../../compiler/signature.js";
import type { NormalArraysData, NormalSpec, NormalTableData, NormalTextData } from "../../schema/normal.js";
import { child } from "../../schema/pointer.js";
import type { Checked } from "../problem.js";
import { inputSources } from "./array-roles.js";
import { mapDataFiles, openData } from "./index.js";
import { readNested } from "./nested.js";
import { type Uses, usesOf } from "./source.js";

export interface Outline {
  /** The ways in which the data may turn out, the likeliest first. Sizes that only the data knows are symbols. */
  readonly signatures: readonly Signature[];
  /** False when only files know the ranks and widths of arrays: what does not fit such a guess may fit the data. */
  readonly certain: boolean;
}

export async function outlineData(spec: NormalSpec, folder: string): Promise<Checked<Outline>> {
  if (dataFiles(spec).length === 0) {
    const opened = await openData(spec, folder);
    return opened.ok ? { ok: true, signatures: [opened.source.signature(spec.train)], certain: true } : opened;
  }
  return outlineOf(spec, spec.data);
}

function outlineOf(spec: NormalSpec, data: NormalSpec["data"]): Checked<Outline> {
  switch (data.type) {
    case "text":
      return outlineText(spec, data);
    case "table":
      return outlineTable(spec, data);
    case "sequences":
      return outlineSequences(spec);
    case "images":
      return outlineImages(spec);
    case "pairs":
      return outlinePairs(spec);
    case "arrays":
      return outlineArrays(spec, data);
  }
}

function dataFiles({ data }: NormalSpec): readonly string[] {
  const files: string[] = [];
  mapDataFiles(data, (file) => {
    files.push(file);
    return file;
  });
  return files;
}

function outlineText({ train }: NormalSpec, { window }: NormalTextData): Checked<Outline> {
  const ids: ArraySignature = { dtype: "int32", shape: ["batch", "time"] };
  const sizes = { vocabulary: "vocabulary", classes: "vocabulary" };
  const expected = { batch: batchOf(train), time: window };
  return { ok: true, signatures: [{ inputs: ids, targets: ids, sizes, expected }], certain: true };
}

function outlineTable(spec: NormalSpec, { columns, target, window }: NormalTableData): Checked<Outline> {
  const { targets, everyStep } = usesOf(spec);
  const features = columns?.length ?? "features";
  const answers = targets === "classes" ? "classes" : (target?.length ?? features);
  const steps = everyStep ? ["batch", "time"] : ["batch"];
  const signature: Signature = {
    inputs: { dtype: "float32", shape: ["batch", "time", features] },
    targets:
      targets === "classes" ? { dtype: "int32", shape: steps } : { dtype: "float32", shape: [...steps, answers] },
    sizes: { features, classes: answers },
    expected: { batch: batchOf(spec.train), time: window },
  };
  return { ok: true, signatures: [signature], certain: true };
}

function outlinePairs(spec: NormalSpec): Checked<Outline> {
  const isText = usesOf(spec).inputs === "ids";
  const steps: ArraySignature = { dtype: "int32", shape: ["batch", "target_time"] };
  const counts: ArraySignature = { dtype: "int64", shape: ["batch"] };
  const signature: Signature = {
    inputs: isText ? { dtype: "int32", shape: ["batch", "time"] } : { dtype: "float32", shape: ["batch", "features"] },
    ...(isText && { lengths: counts }),
    side_inputs: { decoder_inputs: steps },
    targets: steps,
    target_lengths: counts,
    sizes: {
      ...(isText ? { vocabulary: "vocabulary" } : { features: "features" }),
      target_vocabulary: "target_vocabulary",
      classes: "target_vocabulary",
    },
    expected: { batch: batchOf(spec.train), time: 1, target_time: 1 },
  };
  return { ok: true, signatures: [signature], certain: true };
}

function outlineSequences(spec: NormalSpec): Checked<Outline> {
  const { inputs, targets, everyStep } = usesOf(spec);
  const steps = everyStep ? ["batch", "time"] : ["batch"];
  const signature: Signature = {
    inputs:
      inputs === "ids"
        ? { dtype: "int32", shape: ["batch", "time"] }
        : { dtype: "float32", shape: ["batch", "time", "features"] },
    targets:
      targets === "classes" ? { dtype: "int32", shape: steps } : { dtype: "float32", shape: [...steps, "classes"] },
    lengths: { dtype: "int64", shape: ["batch"] },
    sizes: { ...(inputs === "ids" ? { vocabulary: "vocabulary" } : { features: "features" }), classes: "classes" },
    expected: { batch: batchOf(spec.train), time: 1 },
  };
  return { ok: true, signatures: [signature], certain: true };
}

function outlineImages({ train }: NormalSpec): Checked<Outline> {
  const signature: Signature = {
    inputs: { dtype: "float32", shape: ["batch", "time", "features"] },
    targets: { dtype: "int32", shape: ["batch"] },
    sizes: { features: "features", classes: "classes" },
    expected: { batch: batchOf(train), time: 1 },
  };
  return { ok: true, signatures: [signature], certain: true };
}

function outlineArrays(spec: NormalSpec, data: NormalArraysData): Checked<Outline> {
  const { inputs: input, targets: target, lengths, weights, initial_states } = data;
  const states = Object.entries(initial_states).map(
    ([name, source]) => [name, source, "/data/initial_states"] as const,
  );
  const roles = Object.entries({ targets: target, lengths, weights });
  const sources = inputSources({ inputs: input });
  const inputsAt = sources.length === 1 && sources[0]?.[0] === "inputs" ? "/data" : "/data/inputs";
  const written = [
    ...sources.map(([name, source]) => [name, source, inputsAt] as const),
    ...roles.map(([name, source]) => [name, source, "/data"] as const),
    ...states,
  ];
  const problems = written.flatMap(([name, source, parent]) => {
    if (source === null || typeof source === "string") return [];
    const read = readNested(source, name, child(parent, name));
    return read.ok ? [] : read.problems;
  });
  if (problems.length > 0) return { ok: false, problems };

  const uses = usesOf(spec);
  const asIds = uses.inputs === "ids" || uses.inputNamed(sources[0]?.[0] ?? "inputs") === "ids";
  const inputs: readonly ArraySignature[] = asIds
    ? [{ dtype: "int32", shape: ["batch", "time"] }]
    : [
        { dtype: "float32", shape: ["batch", "time", "features"] },
        { dtype: "float32", shape: ["batch", "features"] },
      ];
  const targets: ArraySignature =
    uses.targets === "classes"
      ? { dtype: "int32", shape: ["batch", "time"] }
      : { dtype: "float32", shape: ["batch", "time", "classes"] };
  const rest = {
    targets,
    ...(lengths !== null && { lengths: { dtype: "int64", shape: ["batch"] } as const }),
    ...(weights !== null && { weights: { dtype: "float32", shape: ["batch", "time"] } as const }),
    sizes: { ...(asIds ? { vocabulary: "vocabulary" } : { features: "features" }), classes: "classes" },
    ...sideOutline(sources, uses),
    expected: { batch: batchOf(spec.train), time: 1 },
  };
  return { ok: true, signatures: inputs.map((one) => ({ inputs: one, ...rest })), certain: false };
}

/** Inputs besides the main one, by name. */
function sideOutline([first, ...sides]: ReturnType<typeof inputSources>, { inputNamed }: Uses): Partial<Signature> {
  const arrays = sides.map(([name]): [string, ArraySignature] => [
    name,
    inputNamed(name) === "ids"
      ? { dtype: "int32", shape: ["batch", `${name}_time`] }
      : { dtype: "float32", shape: ["batch", `${name}_time`, "features"] },
  ]);
  return {
    ...(first !== undefined && first[0] !== "inputs" && { main_input: first[0] }),
    ...(arrays.length > 0 && { side_inputs: Object.fromEntries(arrays) }),
  };
}

function batchOf({ batch_size }: NormalSpec["train"]): number {
  return typeof batch_size === "number" ? batch_size : 1;
}
