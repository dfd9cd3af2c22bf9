/** Encodes predictions as JSON lines, JSON or CSV, and outputs as NPY arrays. */
import { extname } from "node:path";
import { formatCsvRow } from "../data/formats/csv.js";
import { writeNpy } from "../data/formats/npy.js";
import { entriesInOrder, keepOrder, orderedJson } from "../ordered-json.js";
import { fail, ok, type Result } from "../result.js";
import { elementCount } from "../tensors/array.js";
import type { Prediction, Scores } from "./format-predictions.js";

const extensions = [".csv", ".json", ".jsonl", ".npy", ".npz"] as const;
export type OutputKind = (typeof extensions)[number];

export function outputKind(file: string): Result<OutputKind> {
  const extension = extname(file).toLowerCase();
  const kind = extensions.find((candidate) => candidate === extension);
  if (kind !== undefined) return ok(kind);
  const message = `Predictions cannot be written to "${file}".`;
  return fail([{ code: "file-kind", path: "", message, hint: `Use a name that ends in ${extensions.join(", ")}.` }]);
}

export function outputText(kind: Exclude<OutputKind, ".npy" | ".npz">, predictions: readonly Prediction[]): string {
  switch (kind) {
    case ".jsonl":
      return predictions.map((prediction) => `${orderedJson(prediction)}\n`).join("");
    case ".json":
      return `${orderedJson(predictions, 2)}\n`;
    case ".csv":
      return toCsv(predictions.map(flatten));
  }
}

/** Flattens nested objects: `probabilities.spam`. */
function flatten(prediction: Prediction): Prediction {
  const entries = entriesInOrder(prediction).flatMap(([key, value]) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? entriesInOrder(value).map(([member, nested]) => [`${key}.${member}`, nested] as const)
      : [[key, value] as const],
  );
  return keepOrder(entries);
}

/** Lines end in a line feed without a carriage return. */
function toCsv(rows: readonly Prediction[]): string {
  const columns = [...new Set(rows.flatMap((row) => entriesInOrder(row).map(([name]) => name)))];
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  return lines.map((fields) => `${formatCsvRow(fields.map(fieldText))}\n`).join("");
}

function fieldText(value: unknown): string {
  return value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
}

/** One array [examples, …]; shorter examples are padded with zeros. */
export function outputArray(outputs: readonly Scores[]): Uint8Array {
  const maxSteps = outputs.reduce((most, { shape }) => (shape.length > 1 ? Math.max(most, shape[0] ?? 0) : most), 0);
  const [first = { shape: [], data: new Float32Array() }]: readonly Scores[] = outputs;
  const rest = first.shape.length > 1 ? [maxSteps, ...first.shape.slice(1)] : first.shape;
  const width = elementCount(rest);
  const length = outputs.length * width;
  const data = first.data instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
  for (const [row, scores] of outputs.entries()) data.set(scores.data, row * width);
  return writeNpy([outputs.length, ...rest], data);
}
