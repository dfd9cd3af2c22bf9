/** Predictions of a run for the contents of a file. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { readNpy } from "../../runtime/data/formats/npy.js";
import { type PredictRequest, predictRun } from "../../runtime/predict/predict-run.js";
import { temporaryFolder } from "./temporary-folder.js";

/** Predicts from the contents of a file, into a file of an extension. */
export async function predictTo(
  run: string,
  input: string,
  content: string | Uint8Array,
  extension: string,
  forecast?: PredictRequest["forecast"],
) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, input), content);
  const output = `out.${extension}`;
  const request = { run, input, output, folder, beam: null, device: "cpu" } as const;
  const outcome = await predictRun({ ...request, ...(forecast && { forecast }) });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  expect(readdirSync(folder).sort()).toEqual([input, `out.${extension}`].sort());
  return { text: readFileSync(join(folder, `out.${extension}`)), notices: outcome.value.notices };
}

export async function objects(run: string, input: string, content: string | Uint8Array) {
  return (await predicted(run, input, content)).rows;
}

/** The predictions as objects, and the notices. */
export async function predicted(
  run: string,
  input: string,
  content: string | Uint8Array,
  forecast?: PredictRequest["forecast"],
) {
  const { text, notices } = await predictTo(run, input, content, "json", forecast);
  const rows: readonly Readonly<Record<string, unknown>>[] = JSON.parse(text.toString("utf8"));
  return { rows, notices };
}

export async function array(run: string, input: string, content: string | Uint8Array) {
  const read = readNpy((await predictTo(run, input, content, "npy")).text);
  if (!read.ok) throw new Error(read.error);
  return read.value;
}

/** The problems of a file of inputs. */
export async function rejectedPredict(run: string, input: string, content: string | Uint8Array) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, input), content);
  writeFileSync(join(folder, "out.csv"), "unchanged");
  const outcome = await predictRun({ run, input, output: "out.csv", folder, beam: null, device: "cpu" });
  expect(readFileSync(join(folder, "out.csv"), "utf8")).toBe("unchanged");
  expect(readdirSync(folder)).toHaveLength(2);
  if (outcome.ok || outcome.error.kind !== "input") throw new Error("The inputs have no problems.");
  return outcome.error.problems.map(({ message, file, line, column }) => ({ message, at: [file, line, column] }));
}

export const jsonl = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("");
