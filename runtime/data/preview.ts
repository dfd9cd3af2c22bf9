/** A preview of a batch as text: names of ids, images as characters, numbers. */
import type { NumericArray } from "../tensors/array.js";
import { gatherRows, shortestDecimal } from "../tensors/rows.js";
import { idNamesFor, type Metadata } from "./metadata.js";
import { type Batch, type DataSource, lengthsOfArray } from "./source.js";
import { joinTokens } from "./vocabulary/tokens.js";

export interface BatchPreview {
  /** The arrays of the whole batch. */
  readonly arrays: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly number[] }[];
  /** The first examples, each array as lines of text. */
  readonly examples: readonly Readonly<Record<string, string>>[];
}

/** Examples that are formatted by default. */
const MAX_EXAMPLES = 3;
/** Limits of the numbers on a line and of the lines of an example. */
const MAX_NUMBERS = 8;
const MAX_LINES = 8;

export function previewBatch(
  source: DataSource,
  examples: ArrayLike<number>,
  maxExamples = MAX_EXAMPLES,
): BatchPreview {
  const batch = source.batch(examples);
  const arrays = [...batch].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  return {
    arrays,
    examples: Array.from({ length: Math.min(maxExamples, examples.length) }, (_, row) =>
      Object.fromEntries(
        [...batch].map(([name, array]) => [
          name,
          // Line breaks would make one text look like several.
          array.dtype === "float32"
            ? formatNumericExample(
                gatherRows(array, [row]),
                lengthOf(batch, name, row),
                isImageArray(name, source.metadata),
              )
            : idsText(batch, name, row, source.metadata).replace(/\r\n|\n|\r/g, "␊"),
        ]),
      ),
    ),
  };
}

/** The steps of an example without padding; undefined if it has no padding. */
function lengthOf(batch: Batch, name: string, row: number): number | undefined {
  const length = lengthsOfArray(batch, name)?.data[row];
  return length === undefined ? undefined : Number(length);
}

/** The ids of an example as text: by their names, else as numbers. */
export function idsText(batch: Batch, name: string, row: number, metadata: Metadata): string {
  const array = batch.get(name);
  if (array === undefined) return "";
  const { shape, data } = gatherRows(array, [row]);
  const ids = Array.from(data, Number).slice(0, shape.length > 1 ? lengthOf(batch, name, row) : undefined);
  const idNames = idNamesFor(name, metadata);
  if (idNames === null) return ids.join(" ");
  return joinTokens(
    ids.map((id) => idNames.names[id] ?? id),
    idNames,
  );
}

function isImageArray(name: string, metadata: Metadata): boolean {
  return metadata.type === "images" && name === "inputs";
}

/** @param array one example, [1, …]. @param length its steps without padding, if it is padded. */
function formatNumericExample(array: NumericArray, length: number | undefined, isImage: boolean): string {
  const [, ...shape] = array.shape;
  const values = Array.from(array.data, Number);
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

/** @param value from 0, blank, to 1. */
function shadeCharacter(value: number): string {
  return " ·:+*#"[Math.max(0, Math.min(5, Math.round(value * 5)))] ?? " ";
}
