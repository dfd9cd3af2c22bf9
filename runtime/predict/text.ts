/**
 * Reads lines of text, and formats the most likely next token of each line, with the prediction after each of its
 * tokens.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createProblemList } from "../data/formats/problem-list.js";
import { encodingProblem } from "../data/formats/utf8-reader.js";
import type { TextMetadata } from "../data/metadata.js";
import { usesOf } from "../data/source.js";
import { toArray } from "../data/spill/id-list.js";
import { positionOf } from "../data/vocabulary/locate.js";
import { encodeWithVocabulary, unknownUnitMessage } from "../data/vocabulary/lookup.js";
import { tokenizeText } from "../data/vocabulary/tokenizers.js";
import { joinTokens, type Unit, unitNames, unknownUnitsNotices } from "../data/vocabulary/tokens.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import { unreadableFile } from "../storage/system-errors.js";
import type { NumericArray } from "../tensors/array.js";
import { predictionKeys, toProbabilities, topClasses } from "./format-predictions.js";
import { withInput } from "./input-members.js";
import type { OpenInputs } from "./inputs.js";

interface Line {
  readonly number: number;
  readonly text: string;
  readonly ids: Int32Array;
}

export const text: OpenInputs = async ({ run, file, folder }) => {
  const { metadata, spec } = run;
  if (metadata.type !== "text") throw new Error("The run was not trained on text.");
  const { unit, vocabulary } = metadata;
  let bytes: Buffer;
  try {
    bytes = readFileSync(resolve(folder, file));
  } catch (error) {
    return fail([unreadableFile("", file, error)]);
  }
  let content: string;
  try {
    content = unit === "byte" ? bytes.toString("latin1") : new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail([await encodingProblem("", file, bytes)]);
  }
  const lines: Line[] = [];
  const known = new Set(vocabulary);
  const unknownUnits = new Set<Unit>();
  const problems = createProblemList();
  for (const [index, line] of content.split(unit === "byte" ? "\n" : /\r\n|\n|\r/).entries()) {
    if (line === "" || (unit === "word" && line.trim() === "")) continue;
    const result = readLine(metadata, line, index + 1, file);
    if (!result.ok) problems.add(result.error);
    else {
      lines.push({ number: index + 1, text: line, ids: result.value.ids });
      for (const entry of result.value.units) if (!known.has(entry)) unknownUnits.add(entry);
    }
    if (problems.isFull) break;
  }
  if (problems.size > 0) return fail(problems.list());
  if (lines.length === 0) {
    return fail([{ code: "input-empty", path: "", file, message: `"${file}" has no lines of text.`, hint: "" }]);
  }
  const join = (units: readonly (string | number)[]) => joinTokens(units, metadata);
  return ok({
    lengths: lines.map(({ ids }) => ids.length),
    hasLengths: false,
    notices: unknownUnitsNotices(unknownUnits, unitNames[unit]),
    batch: (examples) =>
      new Map([["inputs", stackRows(examples.map((example) => lines[example]?.ids ?? new Int32Array()))]]),
    formatOf: (output) => ({
      postprocess: (scores) => toProbabilities(output, usesOf(spec, output).outputs, scores),
      describe(_, scores) {
        const { value, prefix } = predictionKeys(output, "next");
        const steps = topClasses(scores, vocabulary);
        const next = steps.at(-1);
        return {
          [value]: next === undefined ? null : join([next.name]),
          [`${prefix}probability`]: next?.probability ?? null,
          [`${prefix}prediction`]: join(steps.map(({ name }) => name)),
        };
      },
    }),
    identify(example, prediction) {
      const { number, text } = lines[example] ?? { number: 0, text: "" };
      const shownText = unit === "byte" ? new TextDecoder().decode(Buffer.from(text, "latin1")) : text;
      return withInput(number, { text: shownText }, prediction);
    },
  });
};

interface EncodedLine {
  readonly units: readonly Unit[];
  readonly ids: Int32Array;
}

function readLine(metadata: TextMetadata, line: string, number: number, file: string): Result<EncodedLine> {
  const { unit } = metadata;
  const tokenized = tokenizeText(unit === "byte" ? Buffer.from(line, "latin1") : line, metadata);
  const encoded = encodeWithVocabulary(tokenized, metadata);
  if (encoded.ok) return ok({ units: tokenized.units, ids: toArray(encoded.value) });
  const unitIds = toArray(tokenized.ids);
  const problems = encoded.error.map((index): RunProblem => {
    const { column } = positionOf(line, { ...metadata, unit: unit === "word" ? unit : "char" }, index);
    const problem = unknownUnitMessage(`${file}:${number}`, tokenized.units[unitIds[index] ?? 0] ?? "", {
      ...metadata,
      unit,
    });
    return { code: "unknown-unit", path: "", file, line: number, column, ...problem };
  });
  return fail(problems);
}

/** Rows of the same length. */
function stackRows(rows: readonly Int32Array[]): NumericArray {
  const time = rows[0]?.length ?? 0;
  const data = new Int32Array(rows.length * time);
  for (const [row, ids] of rows.entries()) data.set(ids, row * time);
  return { dtype: "int32", shape: [rows.length, time], data };
}
