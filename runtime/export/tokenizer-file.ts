/** The tokenizers of a run as files next to an exported model. */
import type { Metadata } from "../data/metadata.js";
import { storedTokenizer, tokenizerJson } from "../data/vocabulary/tokenizer-json.js";
import type { ExportFile } from "./write-files.js";

/**
 * `stock.tokenizer.json` for `stock.onnx`; undefined where units are no tokens of byte-pair encoding.
 *
 * @param model the name of the model's file.
 */
export function tokenizerFile(metadata: Metadata, model: string): ExportFile | undefined {
  const stored = storedTokenizer(metadata);
  if (stored === undefined) return undefined;
  return { name: `${baseName(model)}.tokenizer.json`, content: Buffer.from(tokenizerJson(stored)) };
}

/** The name of the tokenizer of an input of text of a table: `houses.note.tokenizer.json`. */
export function textTokenizerName(model: string, input: string): string {
  return `${baseName(model)}.${input}.tokenizer.json`;
}

/** The files of all tokenizers. */
export function tokenizerFiles(metadata: Metadata, model: string): readonly ExportFile[] {
  const own = tokenizerFile(metadata, model);
  return own === undefined ? textTokenizerFiles(metadata, model) : [own];
}

/** The tokenizers of the columns of text of a table. */
function textTokenizerFiles(metadata: Metadata, model: string): readonly ExportFile[] {
  if (metadata.type !== "table") return [];
  return Object.entries(metadata.texts ?? {}).flatMap(([input, { tokenizer, vocabulary, normalization }]) => {
    if (tokenizer === undefined) return [];
    const stored = { tokenizer, vocabulary, ...(normalization !== undefined && { normalization }) };
    return [{ name: textTokenizerName(model, input), content: Buffer.from(tokenizerJson(stored)) }];
  });
}

function baseName(model: string): string {
  return model.replace(/\.onnx$/i, "");
}
