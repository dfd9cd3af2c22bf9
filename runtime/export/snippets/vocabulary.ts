/** The vocabulary of a program, by which it numbers the units of texts. */
import type { NormalTextNormalization } from "../../../schema/normal/index.js";
import type { TextMetadata } from "../../data/metadata.js";
import type { TextTokenizer } from "../../data/vocabulary/text-tokenizer.js";
import type { TrainedModel } from "../source-run.js";

/** The vocabulary that encodes text as ids. */
export interface SnippetVocabulary {
  readonly list: readonly (string | number)[];
  /** Key of the list in the model's metadata. */
  readonly metadataKey: string;
  readonly unit: TextMetadata["unit"];
  /** Of the unit bpe; null for others. */
  readonly tokenizer: TextTokenizer | null;
  /** The changes of a text before it is divided into units; null for none. */
  readonly normalization: NormalTextNormalization | null;
  /** The id of units outside of the list, or null. */
  readonly unknown: number | null;
  /** Limit of units, as in training; null without a limit. */
  readonly maxLength: number | null;
}

/** The vocabulary of the texts that the model reads; null where it reads none, or columns of them. */
export function vocabularyOf({ metadata, spec: { data } }: TrainedModel): SnippetVocabulary | null {
  if (!("vocabulary" in metadata) || !metadata.vocabulary) return null;
  const list = metadata.vocabulary;
  const unknownId = "unknown" in metadata ? metadata.unknown : list.indexOf("<unknown>");
  const unknown = unknownId === undefined || unknownId < 0 ? null : unknownId;
  const maxLength = data.type === "sequences" ? data.max_length : null;
  const { unit, normalization = null, tokenizer = null } = metadata;
  return { list, metadataKey: "rnnx.data.vocabulary", unit, tokenizer, normalization, unknown, maxLength };
}
