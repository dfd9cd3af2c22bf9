/** The columns of text of a table in programs: an example of each, with the vocabulary that numbers its units. */
import { lengthsOfInput } from "../../../compiler/signature.js";
import type { Metadata } from "../../data/metadata.js";
import { blankTokens, encodeText, isWord } from "../../data/vocabulary/text-tokenizer.js";
import { joinTokens, tokenize } from "../../data/vocabulary/tokens.js";
import { textTokenizerName } from "../tokenizer-file.js";
import type { SnippetVocabulary } from "./vocabulary.js";

export interface SnippetText {
  /** The inputs of the ids, and of their number. */
  readonly feed: string;
  readonly lengths: string;
  /** The key in the metadata. */
  readonly name: string;
  /** An example. */
  readonly text: string;
  readonly vocabulary: SnippetVocabulary;
  /** The file of the tokenizer, in the program's folder; null where units are no tokens of byte-pair encoding. */
  readonly tokenizer: string | null;
}

/** Units of an example. */
const EXAMPLE_LENGTH = 6;

/** By the inputs of the model; without numbers and ids the first one is `inputs`. @param model the name of its file. */
export function textColumnsOf(metadata: Metadata, model: string): readonly SnippetText[] {
  if (metadata.type !== "table") return [];
  const { columns, ids = {}, texts = {} } = metadata;
  return Object.entries(texts).map(([name, { vocabulary: list, unit, normalization, tokenizer, ...column }], index) => {
    const isMain = columns.length === 0 && Object.keys(ids).length === 0 && index === 0;
    const words = unit === "bpe" ? list.filter((token) => isWord(token, tokenizer ?? null)) : list.slice(1);
    const units = words.filter((word) => unit === "bpe" || tokenize(word, { unit }).length === 1);
    return {
      feed: isMain ? "inputs" : name,
      lengths: isMain ? "lengths" : lengthsOfInput(name),
      name,
      text: joinTokens(units.slice(0, EXAMPLE_LENGTH), { unit, ...(tokenizer !== undefined && { tokenizer }) }).trim(),
      vocabulary: {
        list,
        metadataKey: "rnnx.data.texts",
        unit,
        tokenizer: tokenizer ?? null,
        normalization: normalization ?? null,
        unknown: column.unknown ?? null,
        maxLength: column.max_length ?? null,
      },
      tokenizer: tokenizer === undefined ? null : textTokenizerName(model, name),
    };
  });
}

/** The ids of a text without tokens, by the tokenizer of its column. */
export function blankIds(column: SnippetText): readonly number[] {
  return encodedText({ ...column, text: "" });
}

/** The ids of an example of tokens. */
export function encodedText({ text, vocabulary: { list, tokenizer } }: SnippetText): readonly number[] {
  const tokens = tokenizer === null ? [] : text === "" ? blankTokens(tokenizer) : encodeText(text, tokenizer);
  return tokens.map((token) => list.indexOf(token));
}
