/** The tokenizer of a run as a file next to an exported model. */
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
  return { name: `${model.replace(/\.onnx$/i, "")}.tokenizer.json`, content: Buffer.from(tokenizerJson(stored)) };
}
