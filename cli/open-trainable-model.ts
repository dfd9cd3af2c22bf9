/**
 * Opens a model file for further training, with the data that the user names. Files that the recorded spec names may belong
 * to another machine: they are never opened.
 */
import { resolve } from "node:path";
import type { NormalArraysData, NormalData, NormalSpec } from "../schema/normal/index.js";
import type { Override } from "../schema/parse/overrides.js";
import { reportInvalidInput } from "./errors.js";
import { reportProblems } from "./open-run.js";
import { type OpenedSpec, readSpecText, reportSpecErrors } from "./open-spec.js";
import type { Output } from "./output.js";

/** The spec; undefined after reporting an error. */
export async function openTrainableSpec(
  output: Output,
  file: string,
  data: string | undefined,
  overrides: readonly Override[],
): Promise<OpenedSpec | undefined> {
  const [{ readTrainableModel }, { mapDataFiles }] = await Promise.all([
    import("../runtime/import/trainable-model.js"),
    import("../runtime/data/index.js"),
  ]);
  const read = await readTrainableModel(file);
  if (!read.ok) {
    reportProblems(output, read.error);
    return undefined;
  }
  const recorded = await readSpecText(read.value.spec, file, []);
  if (!recorded.ok) {
    const hint = recorded.error.diagnostics.map(({ message }) => message).join(" ");
    reportInvalidInput(output, "not-a-model", `the spec stored in "${file}" is invalid`, hint);
    return undefined;
  }
  const { spec } = recorded.value;
  const specWithData = data === undefined ? spec : { ...spec, data: withDataFile(spec.data, resolve(data)) };
  const opened = await readSpecText(JSON.stringify(specWithData, undefined, 2), file, overrides);
  if (!opened.ok) {
    await reportSpecErrors(output, opened.error.diagnostics, opened.error.source);
    return undefined;
  }
  const allowedFiles = new Set([...(data === undefined ? [] : [resolve(data)]), ...overrides.flatMap(overrideFiles)]);
  const unknownFiles = new Set<string>();
  mapDataFiles(opened.value.spec.data, (name) => {
    if (!allowedFiles.has(name)) unknownFiles.add(name);
    return name;
  });
  if (unknownFiles.size === 0) return opened.value;
  const names = [...unknownFiles].map((name) => `"${name}"`).join(" and ");
  reportInvalidInput(
    output,
    "no-data",
    `"${file}" was trained on ${names}, which it does not contain`,
    unknownFiles.size === 1 && data === undefined
      ? "Name the data to continue with: --data FILE."
      : dataFilesHint(opened.value.spec),
  );
  return undefined;
}

/** File names in an override: plain or as JSON, with and without the `#array` suffix of an archive. */
function overrideFiles({ path, value }: Override): readonly string[] {
  if (!path.startsWith("data.")) return [];
  const text = /^"(.*)"$/.exec(value.trim())?.[1] ?? value;
  return [text, text.replace(/#[^#]*$/, "")];
}

function dataFilesHint({ data }: NormalSpec): string {
  const members = data.type === "images" ? ["file", "labels"] : ["inputs", "targets"];
  return `Name each: ${members.map((member) => `--set data.${member}=FILE`).join(" ")}.`;
}

/** The data section with another file. Arrays are read from an archive (.npz) by the names of their roles. */
function withDataFile(data: NormalData, file: string): NormalData {
  switch (data.type) {
    case "text":
      return { ...data, text: null, file };
    case "pairs":
      return { ...data, pairs: null, file };
    case "arrays":
      return arraysFromArchive(data, file);
    default:
      return { ...data, file };
  }
}

function arraysFromArchive(data: NormalArraysData, file: string): NormalArraysData {
  const { inputs, lengths, weights, initial_states } = data;
  const archiveMembers = (record: object) =>
    Object.fromEntries(Object.keys(record).map((name) => [name, `${file}#${name}`]));
  return {
    ...data,
    inputs: typeof inputs === "object" && !Array.isArray(inputs) ? archiveMembers(inputs) : `${file}#inputs`,
    targets: `${file}#targets`,
    lengths: lengths === null ? null : `${file}#lengths`,
    weights: weights === null ? null : `${file}#weights`,
    initial_states: archiveMembers(initial_states),
  };
}
