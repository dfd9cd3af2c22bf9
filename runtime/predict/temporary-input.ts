/** Inputs that are no file: values and the bytes of standard input, read through a temporary file in their format. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NormalData } from "../../schema/normal/index.js";
import { withoutGz } from "../data/formats/file-chunks.js";
import type { Metadata } from "../data/metadata.js";
import { hasColumns } from "../data/sources/pair-columns.js";
import { fail, ok, type Result } from "../result.js";
import type { InlineInputs, InputFile } from "./inline-inputs.js";

/** Runs `use` on a folder that has the file, and removes the folder. */
export async function withTemporaryInput<T>({ name, content }: InputFile, use: (folder: string) => Promise<T>) {
  const folder = mkdtempSync(join(tmpdir(), "rnnx-inputs-"));
  try {
    writeFileSync(join(folder, name), content);
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Formats of standard input that a command may name. */
const inputFormats = ["csv", "tsv", "jsonl", "txt"] as const;
export type InputFormat = (typeof inputFormats)[number];

/**
 * Standard input as a file. Its format is the one that is named; else lines of JSON if it starts with a brace, arrays
 * by their first bytes, a table if the run was trained on one, and lines of text otherwise.
 */
export function standardInput(data: NormalData, content: Uint8Array, format: InputFormat | undefined): InputFile {
  return { name: `stdin.${format ?? detectFormat(data, content)}`, content };
}

function detectFormat(data: NormalData, content: Uint8Array): string {
  const start = Buffer.from(content.subarray(0, 64))
    .toString("latin1")
    .replace(/^\xef\xbb\xbf/, "")
    .trimStart();
  if (start.startsWith("PAR1")) return "parquet";
  if (start.startsWith("ARROW1")) return "arrow";
  switch (data.type) {
    case "table":
      return start.startsWith("{") ? "jsonl" : (tableExtension(data.file) ?? "csv");
    case "arrays":
      if (start.startsWith("\x93NUMPY")) return "npy";
      return start.startsWith("PK") ? "npz" : /^[{[]/.test(start) ? "json" : "csv";
    case "images":
      return "idx";
    case "audio":
      return "wav";
    case "text":
      return "txt";
    case "sequences":
      return start.startsWith("{") ? "jsonl" : (tableExtension(data.file) ?? "txt");
    case "pairs": {
      const isTable = data.file !== null && hasColumns(data);
      return start.startsWith("{") ? "jsonl" : ((isTable ? tableExtension(data.file ?? "") : undefined) ?? "txt");
    }
  }
}

function tableExtension(file: string): string | undefined {
  return /\.([ct]sv)$/i.exec(withoutGz(file))?.[1]?.toLowerCase();
}

/** Texts as inputs of a run, or the problem that its model reads no text. */
export function textInputs(data: NormalData, metadata: Metadata, texts: readonly string[]): Result<InlineInputs> {
  const isText = "vocabulary" in metadata && metadata.vocabulary !== undefined && metadata.vocabulary !== null;
  if (isText && data.type !== "text" && texts.every((text) => text.trim() === "")) {
    const message = texts.length === 1 ? "The text has no words." : "The texts have no words.";
    return fail([{ code: "input-empty", path: "", message, hint: "Write at least one word." }]);
  }
  if (isText && data.type === "text") return ok({ lines: texts });
  if (isText && data.type === "pairs") return ok({ sources: texts });
  if (isText && data.type === "sequences") {
    const hasTokens = data.columns.tokens !== null;
    return ok({
      sequences: texts.map((text) => (hasTokens ? { tokens: text.split(/\s+/u).filter(Boolean) } : { text })),
    });
  }
  const what = data.type === "sequences" || data.type === "pairs" ? "vectors of numbers" : `${data.type} data`;
  const message = `The model reads ${what}, not texts.`;
  return fail([{ code: "inputs-kind", path: "", message, hint: "Name a file with --input." }]);
}
