/** Checks of the keys that divide a text into units: its normalization, its vocabulary and its tokenizer. */
import type { Problem, Report } from "../diagnostics/index.js";
import { child } from "../json-pointer.js";
import type { NormalTextData, NormalTextNormalization, NormalVocabulary } from "../normal/index.js";

export interface TextKeys {
  readonly unit: NormalTextData["unit"];
  readonly tokenizer: string | null;
  readonly vocabulary: NormalVocabulary;
  readonly normalization: NormalTextNormalization;
  /** The key of the normalization. */
  readonly key: "normalization" | "text";
  /** Entries of a vocabulary of bytes, and of the tokens that are no text. */
  readonly fewest: number;
}

/** @param path of the object that has the keys: `/data`. */
export function checkTextKeys(keys: TextKeys, path: string, report: Report): void {
  // The keys in hints: data.tokenizer, data.columns.note.tokenizer.
  const name = path.slice(1).replaceAll("/", ".");
  checkNormalization(keys, path, name, report);
  checkTokenizer(keys, path, name, report);
}

/** Words and characters have normalization; only words are split. */
function checkNormalization(
  { unit, tokenizer, normalization, key }: TextKeys,
  path: string,
  name: string,
  report: Report,
): void {
  const { normalize, lowercase, punctuation } = normalization;
  const isChanged = normalize !== "none" || lowercase || punctuation !== "keep";
  const place = child(path, key);
  const refuse = (at: string, message: string, hint: string) =>
    report({ code: "text-normalization", path: at, message, hint });
  const learned = `remove ${name}.tokenizer to learn merges from the data`;
  if (unit === "byte" && isChanged)
    refuse(
      place,
      "Bytes are read as they are: a text of bytes has no normalization.",
      `Remove ${name}.${key}, or set "unit": "char".`,
    );
  if (unit === "char" && punctuation === "split")
    refuse(
      child(place, "punctuation"),
      "Each character is a unit of its own, so punctuation cannot be split from words.",
      splitHint,
    );
  if (unit === "bpe" && punctuation === "split")
    refuse(child(place, "punctuation"), "Byte-pair encoding has pieces of punctuation by itself.", splitHint);
  if (unit === "bpe" && tokenizer !== null && isChanged)
    refuse(place, "The tokenizer's file has the normalization of texts.", `Remove it, or ${learned}.`);
}

const splitHint = 'Write "keep" or "drop", or set "unit": "word".';

/** The keys of a tokenizer that do not go together. */
function checkTokenizer(
  { unit, tokenizer, vocabulary, key, fewest }: TextKeys,
  path: string,
  name: string,
  report: Report,
): void {
  const place = child(path, "vocabulary");
  const refuse = (code: string, at: string, message: string, hint: string) =>
    report({ code, path: at, message, hint } satisfies Problem);
  if (tokenizer !== null && unit !== "bpe")
    refuse(
      "tokenizer",
      child(path, "tokenizer"),
      "Only tokens of byte-pair encoding have a tokenizer.",
      `Set "unit": "bpe", or remove ${name}.tokenizer.`,
    );
  const isLimited = vocabulary.size !== null || vocabulary.min_count > 1;
  if (vocabulary.file !== null && (unit === "byte" || unit === "bpe"))
    refuse(
      "vocabulary-file",
      child(place, "file"),
      "Only words and characters have a vocabulary in a file.",
      `Set "unit": "word" or "char"; with "bpe", ${name}.tokenizer names a tokenizer.json.`,
    );
  else if (vocabulary.file !== null && isLimited)
    refuse(
      "vocabulary-file",
      place,
      "The file is the vocabulary, which size and min_count do not limit.",
      "Remove them, or remove file to build the vocabulary from the training split.",
    );
  if (unit === "byte" && key === "text" && vocabulary.file === null && isLimited)
    refuse(
      "byte-vocabulary",
      place,
      "Bytes have a vocabulary of all their 256 values, which size and min_count do not limit.",
      `Remove ${name}.vocabulary.`,
    );
  if (unit !== "bpe") return;
  if (tokenizer !== null && isLimited)
    refuse(
      "tokenizer",
      place,
      "The tokenizer's file has the vocabulary.",
      `Remove ${name}.vocabulary, or remove ${name}.tokenizer to learn merges from the data.`,
    );
  else if (vocabulary.size !== null && vocabulary.size < fewest)
    refuse(
      "tokenizer",
      child(place, "size"),
      `A vocabulary of ${vocabulary.size} has no room for merges: the bytes alone are ${fewest - 1} entries.`,
      `Write at least ${fewest}, such as 8000, or set "unit": "${name === "data" ? "byte" : "char"}".`,
    );
}
