/**
 * The spec of a model file that can go on learning, with the data that the user names. Files that the model's own spec names
 * are of another place and time: they are never opened.
 */
import { resolve } from "node:path";
import type { NormalArraysData, NormalData, NormalSpec } from "../schema/normal.js";
import type { Override } from "../schema/overrides.js";
import { refuse } from "./failures.js";
import type { Output } from "./output.js";
import { refuseProblems } from "./run.js";
import { type OpenedSpec, readSpecText, refuseSpec } from "./spec.js";

/** The spec, or undefined when something was wrong and the user has been told. */
export async function openTrainedSpec(
  output: Output,
  file: string,
  data: string | undefined,
  overrides: readonly Override[],
): Promise<OpenedSpec | undefined> {
  const [{ readTrained }, { mapDataFiles }] = await Promise.all([
    import("../runtime/trained.js"),
    import("../runtime/data/index.js"),
  ]);
  const read = await readTrained(file);
  if (!read.ok) {
    refuseProblems(output, read.problems);
    return undefined;
  }
  const recorded = await readSpecText(read.trained.spec, file, []);
  if (!recorded.ok) {
    const hint = recorded.diagnostics.map(({ message }) => message).join(" ");
    refuse(output, "not-a-model", `"${file}" is damaged: its spec is none`, hint);
    return undefined;
  }
  const { spec } = recorded;
  const given = data === undefined ? spec : { ...spec, data: withFile(spec.data, resolve(data)) };
  const opened = await readSpecText(JSON.stringify(given, undefined, 2), file, overrides);
  if (!opened.ok) {
    await refuseSpec(output, opened.diagnostics, opened.source);
    return undefined;
  }
  const named = new Set([...(data === undefined ? [] : [resolve(data)]), ...overrides.flatMap(filesOf)]);
  const strangers = new Set<string>();
  mapDataFiles(opened.spec.data, (name) => {
    if (!named.has(name)) strangers.add(name);
    return name;
  });
  if (strangers.size === 0) return opened;
  const names = [...strangers].map((name) => `"${name}"`).join(" and ");
  refuse(
    output,
    "no-data",
    `the model was trained on ${names}, which may be anything here`,
    strangers.size === 1 && data === undefined ? "Name the data to go on with: --data FILE." : severalHint(opened.spec),
  );
  return undefined;
}

/** What an override may name: plain text or JSON's, with or without the array that it takes from an archive. */
function filesOf({ path, value }: Override): readonly string[] {
  if (!path.startsWith("data.")) return [];
  const text = /^"(.*)"$/.exec(value.trim())?.[1] ?? value;
  return [text, text.replace(/#[^#]*$/, "")];
}

function severalHint({ data }: NormalSpec): string {
  const members = data.type === "images" ? ["file", "labels"] : ["inputs", "targets"];
  return `Name each: ${members.map((member) => `--set data.${member}=FILE`).join(" ")}.`;
}

/** The same data in another file. Arrays come out of an archive (.npz) by the names of their roles. */
function withFile(data: NormalData, file: string): NormalData {
  switch (data.type) {
    case "text":
      return { ...data, text: null, file };
    case "pairs":
      return { ...data, pairs: null, file };
    case "arrays":
      return arraysIn(data, file);
    default:
      return { ...data, file };
  }
}

function arraysIn(data: NormalArraysData, file: string): NormalArraysData {
  const { inputs, lengths, weights, initial_states } = data;
  const each = (record: object) => Object.fromEntries(Object.keys(record).map((name) => [name, `${file}#${name}`]));
  return {
    ...data,
    inputs: typeof inputs === "object" && !Array.isArray(inputs) ? each(inputs) : `${file}#inputs`,
    targets: `${file}#targets`,
    lengths: lengths === null ? null : `${file}#lengths`,
    weights: weights === null ? null : `${file}#weights`,
    initial_states: each(initial_states),
  };
}
