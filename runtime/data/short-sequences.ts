/** Sequences that are shorter than the windows of the model's layers: they have no output. */
import { type ShortestInput, shortestInputs } from "../../schema/kinds/windows.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import { formatCount } from "../format.js";
import type { RunProblem } from "../problem.js";
import type { DataSource } from "./source.js";

/** Examples that are read at a time. */
const CHUNK = 256;

/** The first example of the splits that is too short for the model, for each of its inputs. */
export function checkShortSequences(
  { model, data }: Pick<NormalSpec, "model" | "data">,
  source: Pick<DataSource, "splits" | "batch">,
): readonly RunProblem[] {
  const shortest = [...shortestInputs(model)];
  if (shortest.length === 0) return [];
  const { train, validation, test } = source.splits;
  const examples = Uint32Array.from([...train, ...validation, ...test]).sort();
  const problems = new Map<string, RunProblem>();
  for (let start = 0; start < examples.length; start += CHUNK) {
    const chunk = examples.subarray(start, start + CHUNK);
    const batch = source.batch(chunk);
    for (const [name, limit] of shortest) {
      // The main input of arrays may have a name of its own.
      const array = batch.get(name) ?? batch.get("inputs");
      const lengths = batch.get(name === "decoder_inputs" ? "target_lengths" : "lengths");
      const row = chunk.findIndex((_, index) => Number(lengths?.data[index] ?? array?.shape[1] ?? 0) < limit.steps);
      if (row < 0 || problems.has(name)) continue;
      const steps = Number(lengths?.data[row] ?? array?.shape[1]);
      const subject = `Example ${chunk[row] ?? 0} (examples count from 0)`;
      const path = "inputs" in data ? "/data/inputs" : "file" in data && data.file !== null ? "/data/file" : "/data";
      problems.set(name, { ...shortSequence(subject, steps, limit), path });
    }
  }
  return [...problems.values()];
}

/** The problem of an input with fewer steps than the model needs. */
export function shortSequence(subject: string, steps: number, { steps: needed, layer }: ShortestInput): RunProblem {
  return {
    code: "short-sequence",
    path: "",
    message: `${subject} has ${formatCount(steps, "step")}, but the windows of ${layer.name} need ${needed}.`,
    hint: "Remove it, or make the windows shorter.",
  };
}
