/** The vocabulary of a text: from its training split, from a file, or merges that are learned from it. */
import type { NormalTextData } from "../../../schema/normal/index.js";
import { fail, ok, type Result } from "../../result.js";
import type { TextMetadata } from "../metadata.js";
import type { IdList } from "../spill/id-list.js";
import type { Splits } from "../splits.js";
import type { LearnedTokenizer } from "../vocabulary/learn-bpe.js";
import { learnTokenizer } from "../vocabulary/open-tokenizer.js";
import { checkVocabulary, selectVocabulary, type TokenizedText } from "../vocabulary/tokenizers.js";
import { type Unit, unitNames } from "../vocabulary/tokens.js";

export interface EncodedText {
  readonly vocabulary: readonly Unit[];
  /** The id of units outside of the vocabulary; null when every unit has an id. */
  readonly unknown: number | null;
  readonly ids: IdList;
}

/** The vocabulary's entry for unknown units. */
const unknownUnit = { char: "\uFFFD", word: "<unknown>", byte: -1, bpe: "<unknown>" } as const;

/** The vocabulary of a file, with the unknown unit last where the file does not have it. */
export function listedVocabulary({ unit }: NormalTextData, tokens: readonly string[] | null): TextMetadata | undefined {
  if (tokens === null) return undefined;
  const vocabulary = [...new Set([...tokens, unknownUnit[unit]])];
  return { type: "text", unit, vocabulary, unknown: vocabulary.indexOf(unknownUnit[unit]) };
}

/** Ids of selected units of the training split, by first appearance; all other units share the last id. */
export function fitVocabulary(
  data: NormalTextData,
  { units, ids }: TokenizedText,
  splits: Splits,
): Result<EncodedText> {
  const counts = new Uint32Array(units.length);
  for (const [from, to] of trainingRanges(data, ids.length, splits)) {
    for (const chunk of ids.chunks(from, to)) for (const unit of chunk) counts[unit] = (counts[unit] ?? 0) + 1;
  }
  if (selectVocabulary(counts, data.vocabulary, 0).length === units.length) {
    return ok({ vocabulary: units, unknown: null, ids });
  }
  const selected = selectVocabulary(counts, data.vocabulary, 1);
  const problem = checkVocabulary(selected, counts, data.vocabulary, unitNames[data.unit]);
  if (problem !== undefined) return fail([problem]);
  const unknown = selected.length;
  const idOf = new Int32Array(units.length).fill(unknown);
  for (const [id, unit] of selected.entries()) idOf[unit] = id;
  const vocabulary = [...selected.map((unit) => units[unit] ?? ""), unknownUnit[data.unit]];
  return ok({ vocabulary, unknown, ids: ids.mapIds(idOf) });
}

/** Merges from the first pieces of a text in the order of time, as many as the fraction for training. */
export function learnFrom({ split, vocabulary }: NormalTextData, { units, ids }: TokenizedText): LearnedTokenizer {
  const end = split.order === "time" ? Math.floor(ids.length * split.train) : ids.length;
  const counts = new Uint32Array(units.length);
  for (const chunk of ids.chunks(0, end)) for (const piece of chunk) counts[piece] = (counts[piece] ?? 0) + 1;
  return learnTokenizer(units.map(String), counts, vocabulary);
}

/** Disjoint ranges of the text that training reads; the whole text if no data is held out. */
function* trainingRanges(
  { split, window, stride }: NormalTextData,
  length: number,
  splits: Splits,
): Generator<readonly [number, number]> {
  if (split.train === 1) {
    yield [0, length];
    return;
  }
  let end = 0;
  for (const example of splits.train) {
    const start = Math.max(end, example * stride);
    end = example * stride + window + 1;
    yield [start, end];
  }
}
