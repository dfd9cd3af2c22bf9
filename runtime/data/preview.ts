/** Examples as a model will read them, in words: ids by what they stand for, images as pictures, numbers. */

import type { NormalSpec } from "../../schema/normal/index.js";
import type { NumericArray } from "../tensors/array.js";
import { gatherRows, shortestDecimal } from "../tensors/rows.js";
import type { Metadata } from "./metadata.js";
import type { DataSource } from "./source.js";

export interface BatchPreview {
  /** The arrays of the whole batch. */
  readonly arrays: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly number[] }[];
  /** The first examples, each array of which as lines of text. */
  readonly examples: readonly Readonly<Record<string, string>>[];
}

/** Examples that are put into words. */
const MAX_EXAMPLES = 3;
/** Numbers on a line, and lines of an example, at most. */
const MAX_NUMBERS = 8;
const MAX_LINES = 8;

export function previewBatch(spec: NormalSpec, source: DataSource, examples: ArrayLike<number>): BatchPreview {
  const batch = source.batch(examples);
  const lengthOf = (name: string, row: number) => {
    const targetLengths = name === "targets" || name === "decoder_inputs" ? batch.get("target_lengths") : undefined;
    const length = (targetLengths ?? batch.get("lengths"))?.data[row];
    return length === undefined ? undefined : Number(length);
  };
  const arrays = [...batch].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  return {
    arrays,
    examples: Array.from({ length: Math.min(MAX_EXAMPLES, examples.length) }, (_, row) =>
      Object.fromEntries(
        [...batch].map(([name, array]) => {
          const idNames = idNamesFor(name, source.metadata, spec);
          return [
            name,
            formatExample(gatherRows(array, [row]), idNames, lengthOf(name, row), isImageArray(name, source.metadata)),
          ];
        }),
      ),
    ),
  };
}

interface IdNames {
  readonly names: readonly (string | number)[];
  readonly join: (units: readonly (string | number)[]) => string;
}

const joinWithSpaces = (units: readonly (string | number)[]) => units.join(" ");

/** What the ids of an array stand for; null where they stand for themselves. */
function idNamesFor(name: string, metadata: Metadata, { data }: NormalSpec): IdNames | null {
  switch (metadata.type) {
    case "text":
      return { names: metadata.vocabulary, join: joinerFor(metadata.unit) };
    case "pairs": {
      const names = name === "inputs" ? metadata.vocabulary : metadata.target_vocabulary;
      return names === null ? null : { names, join: joinerFor(metadata.unit) };
    }
    case "sequences":
      if (name === "inputs") {
        const join = data.type === "sequences" && data.unit === "char" ? joinerFor("char") : joinWithSpaces;
        return metadata.vocabulary === undefined ? null : { names: metadata.vocabulary, join };
      }
      return metadata.classes == null ? null : { names: metadata.classes, join: joinWithSpaces };
    case "table":
      return name === "targets" && metadata.classes ? { names: metadata.classes, join: joinWithSpaces } : null;
    default:
      return null;
  }
}

function joinerFor(unit: "char" | "word" | "byte"): IdNames["join"] {
  if (unit === "byte") return (bytes) => new TextDecoder().decode(Uint8Array.from(bytes, Number));
  return unit === "char" ? (characters) => characters.join("") : joinWithSpaces;
}

function isImageArray(name: string, metadata: Metadata): boolean {
  return metadata.type === "images" && name === "inputs";
}

/** @param array one example, [1, …]. @param length its live steps, where it has others. */
function formatExample(
  array: NumericArray,
  idNames: IdNames | null,
  length: number | undefined,
  isImage: boolean,
): string {
  const [, ...shape] = array.shape;
  const values = Array.from(array.data, Number);
  if (array.dtype !== "float32") {
    const validIds = shape.length > 0 ? values.slice(0, length) : values;
    // Lines of one text would look like several.
    return idNames === null
      ? validIds.join(" ")
      : idNames.join(validIds.map((id) => idNames.names[id] ?? id)).replace(/\r\n|\n|\r/g, "␊");
  }
  const width = shape.at(-1) ?? 1;
  const rows = Array.from({ length: values.length / width }, (_, row) => values.slice(row * width, (row + 1) * width));
  if (isImage) return rows.map((row) => row.map(shadeCharacter).join("").trimEnd()).join("\n");
  const lines = rows.slice(0, length).map(formatNumbers);
  return lines.length <= MAX_LINES
    ? lines.join("\n")
    : [...lines.slice(0, MAX_LINES - 2), `… ${lines.length - MAX_LINES + 1} more …`, lines.at(-1)].join("\n");
}

function formatNumbers(row: readonly number[]): string {
  const numbers = row.slice(0, MAX_NUMBERS).map((value) => String(Number(shortestDecimal(value).toPrecision(4))));
  return row.length > MAX_NUMBERS ? `${numbers.join(" ")} … ${row.length - MAX_NUMBERS} more` : numbers.join(" ");
}

/** From 0, nothing, to 1. */
function shadeCharacter(value: number): string {
  return " ·:+*#"[Math.max(0, Math.min(5, Math.round(value * 5)))] ?? " ";
}
