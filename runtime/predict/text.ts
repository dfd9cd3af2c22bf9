/** Lines of text: the unit that each line goes on with, and what the model expected after each of its units. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { notUtf8 } from "../data/characters.js";
import { unreadable } from "../data/file.js";
import { arrayOf } from "../data/ids.js";
import { lookUpUnits } from "../data/known.js";
import type { TextMetadata } from "../data/metadata.js";
import { positionOf } from "../data/positions.js";
import type { NumericArray } from "../data/source.js";
import { numberText } from "../data/units.js";
import { type RunProblem, refuse } from "../problem.js";
import { likeliest, probabilities } from "./answers.js";
import type { OpenInputs } from "./inputs.js";

interface Line {
  readonly number: number;
  readonly text: string;
  readonly ids: Int32Array;
}

export const text: OpenInputs = async ({ run, file, folder, uses }) => {
  const { metadata, spec } = run;
  if (metadata.type !== "text") throw new Error("The run's data is not text.");
  const { unit, vocabulary } = metadata;
  let bytes: Buffer;
  try {
    bytes = readFileSync(resolve(folder, file));
  } catch (error) {
    return refuse(unreadable("", file, error));
  }
  let content: string;
  try {
    content = unit === "byte" ? bytes.toString("latin1") : new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return refuse(notUtf8("", file, "Save it as UTF-8."));
  }
  const lines: Line[] = [];
  const problems: RunProblem[] = [];
  for (const [index, line] of content.split(unit === "byte" ? "\n" : /\r\n|\n|\r/).entries()) {
    if (line === "" || (unit === "word" && line.trim() === "")) continue;
    const read = readLine(metadata, line, index + 1, file);
    if (Array.isArray(read)) problems.push(...read);
    else lines.push({ number: index + 1, text: line, ids: read });
    if (problems.length >= 20) break;
  }
  if (problems.length > 0) return refuse(...problems);
  if (lines.length === 0) {
    return refuse({ code: "input-empty", path: "", file, message: `"${file}" has no lines of text.`, hint: "" });
  }
  const join = (units: readonly (string | number)[]) =>
    unit === "byte" ? new TextDecoder().decode(Uint8Array.from(units, Number)) : units.join(unit === "word" ? " " : "");
  return {
    ok: true,
    inputs: {
      lengths: lines.map(({ ids }) => ids.length),
      padded: false,
      batch: (examples) =>
        new Map([["inputs", rowsOf(examples.map((example) => lines[example]?.ids ?? new Int32Array()))]]),
      finish: (scores) => probabilities(spec, uses.targets, scores),
      describe(example, finished) {
        const { number, text } = lines[example] ?? { number: 0, text: "" };
        const steps = likeliest(finished, vocabulary);
        const next = steps.at(-1);
        const shown = unit === "byte" ? new TextDecoder().decode(Buffer.from(text, "latin1")) : text;
        return {
          line: number,
          text: shown,
          next: next === undefined ? null : join([next.name]),
          probability: next?.probability ?? null,
          prediction: join(steps.map(({ name }) => name)),
        };
      },
    },
  };
};

function readLine({ unit, ...metadata }: TextMetadata, line: string, number: number, file: string) {
  const numbered = numberText(unit === "byte" ? Buffer.from(line, "latin1") : line, unit);
  const found = lookUpUnits(numbered, metadata);
  if (found.ok) return arrayOf(found.ids);
  const met = arrayOf(numbered.ids);
  return found.strangers.map((place): RunProblem => {
    const { column } = positionOf(line, unit === "byte" ? "char" : unit, place);
    const shown = JSON.stringify(numbered.units[met[place] ?? 0]);
    const message = `Line ${number} of "${file}" has ${shown}, which the run has not met.`;
    const hint = "The model has nothing to say of what its vocabulary does not hold.";
    return { code: "unknown-unit", path: "", file, line: number, column, message, hint };
  });
}

/** Rows of one length. */
function rowsOf(rows: readonly Int32Array[]): NumericArray {
  const time = rows[0]?.length ?? 0;
  const data = new Int32Array(rows.length * time);
  for (const [row, ids] of rows.entries()) data.set(ids, row * time);
  return { dtype: "int32", shape: [rows.length, time], data };
}
