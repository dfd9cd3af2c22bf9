/** Examples as a model will read them, in words: ids by what they stand for, images as pictures, numbers as numbers. */
import type { NormalSpec } from "../schema/normal.js";
import type { Metadata } from "./data/metadata.js";
import { gatherRows, shortest } from "./data/rows.js";
import type { DataSource, NumericArray } from "./data/source.js";

export interface Glance {
  /** The arrays of the whole batch. */
  readonly arrays: readonly { readonly name: string; readonly dtype: string; readonly shape: readonly number[] }[];
  /** The first examples, each array of which as lines of text. */
  readonly examples: readonly Readonly<Record<string, string>>[];
}

/** Examples that are put into words. */
const shown = 3;
/** Numbers on a line, and lines of an example, at most. */
const mostNumbers = 8;
const mostLines = 8;

export function glanceAt(spec: NormalSpec, source: DataSource, examples: ArrayLike<number>): Glance {
  const batch = source.batch(examples);
  const lengths = (name: string, row: number) => {
    const own = name === "targets" || name === "decoder_inputs" ? batch.get("target_lengths") : undefined;
    const live = (own ?? batch.get("lengths"))?.data[row];
    return live === undefined ? undefined : Number(live);
  };
  const arrays = [...batch].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  return {
    arrays,
    examples: Array.from({ length: Math.min(shown, examples.length) }, (_, row) =>
      Object.fromEntries(
        [...batch].map(([name, array]) => {
          const words = wordsOf(name, source.metadata, spec);
          return [name, textOf(gatherRows(array, [row]), words, lengths(name, row), isPicture(name, source.metadata))];
        }),
      ),
    ),
  };
}

interface Words {
  readonly names: readonly (string | number)[];
  readonly join: (units: readonly (string | number)[]) => string;
}

const spaced = (units: readonly (string | number)[]) => units.join(" ");

/** What the ids of an array stand for; null where they stand for themselves. */
function wordsOf(name: string, metadata: Metadata, { data }: NormalSpec): Words | null {
  switch (metadata.type) {
    case "text":
      return { names: metadata.vocabulary, join: unitJoin(metadata.unit) };
    case "pairs": {
      const names = name === "inputs" ? metadata.vocabulary : metadata.target_vocabulary;
      return names === null ? null : { names, join: unitJoin(metadata.unit) };
    }
    case "sequences":
      if (name === "inputs") {
        const join = data.type === "sequences" && data.unit === "char" ? unitJoin("char") : spaced;
        return metadata.vocabulary === undefined ? null : { names: metadata.vocabulary, join };
      }
      return metadata.classes == null ? null : { names: metadata.classes, join: spaced };
    case "table":
      return name === "targets" && metadata.classes ? { names: metadata.classes, join: spaced } : null;
    default:
      return null;
  }
}

function unitJoin(unit: "char" | "word" | "byte"): Words["join"] {
  if (unit === "byte") return (bytes) => new TextDecoder().decode(Uint8Array.from(bytes, Number));
  return unit === "char" ? (characters) => characters.join("") : spaced;
}

function isPicture(name: string, metadata: Metadata): boolean {
  return metadata.type === "images" && name === "inputs";
}

/** @param array one example, [1, …]. @param length its live steps, where it has others. */
function textOf(array: NumericArray, words: Words | null, length: number | undefined, picture: boolean): string {
  const [, ...shape] = array.shape;
  const values = Array.from(array.data, Number);
  if (array.dtype !== "float32") {
    const live = shape.length > 0 ? values.slice(0, length) : values;
    // Lines of one text would look like several.
    return words === null
      ? live.join(" ")
      : words.join(live.map((id) => words.names[id] ?? id)).replace(/\r\n|\n|\r/g, "␊");
  }
  const width = shape.at(-1) ?? 1;
  const rows = Array.from({ length: values.length / width }, (_, row) => values.slice(row * width, (row + 1) * width));
  if (picture) return rows.map((row) => row.map(shade).join("").trimEnd()).join("\n");
  const lines = rows.slice(0, length).map(numbersText);
  return lines.length <= mostLines
    ? lines.join("\n")
    : [...lines.slice(0, mostLines - 2), `… ${lines.length - mostLines + 1} more …`, lines.at(-1)].join("\n");
}

function numbersText(row: readonly number[]): string {
  const numbers = row.slice(0, mostNumbers).map((value) => String(Number(shortest(value).toPrecision(4))));
  return row.length > mostNumbers ? `${numbers.join(" ")} … ${row.length - mostNumbers} more` : numbers.join(" ");
}

/** From 0, nothing, to 1. */
function shade(value: number): string {
  return " ·:+*#"[Math.max(0, Math.min(5, Math.round(value * 5)))] ?? " ";
}
