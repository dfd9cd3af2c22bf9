/** The tokenizer of a spec's data before they are read: that of a run or a file, or none where it is yet to be learned. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { NormalTextNormalization, NormalVocabulary } from "../../../schema/normal/index.js";
import { fail, ok, type Result } from "../../result.js";
import { unreadableFile } from "../../storage/system-errors.js";
import type { Metadata, TextColumn } from "../metadata.js";
import { collectIds } from "../spill/id-list.js";
import { byteTokenizer, pieceEncoder } from "./bpe.js";
import { type LearnedTokenizer, learnBpe } from "./learn-bpe.js";
import { normalizationField, type Tokenization } from "./normalize-text.js";
import { parseTokenizerJson, type StoredTokenizer } from "./tokenizer-json.js";
import type { TokenizedText } from "./tokenizers.js";
import type { TextUnit } from "./tokens.js";

interface TextKeys {
  readonly unit: TextUnit | "byte";
  readonly tokenizer: string | null;
}

/** Bytes of sequences and pairs are tokens without merges, so that models, exports and pages have one kind of both. */
export function openSubwords(keys: TextKeys, folder: string, fitted: Metadata | undefined) {
  return keys.unit === "byte" ? ok<StoredTokenizer | null>(byteTokenizer) : openTokenizer(keys, folder, fitted);
}

/** The unit of the metadata of sequences and pairs. */
export function subwordUnit(unit: TextKeys["unit"]): TextUnit {
  return unit === "byte" ? "bpe" : unit;
}

/** @param fitted metadata of a run on such data. */
export function openTokenizer(
  { unit, tokenizer: file }: TextKeys,
  folder: string,
  fitted: Metadata | TextColumn | undefined,
): Result<StoredTokenizer | null> {
  if (unit !== "bpe") return ok(null);
  if (fitted !== undefined && "tokenizer" in fitted && fitted.tokenizer !== undefined) {
    const { tokenizer, normalization } = fitted;
    const vocabulary = (fitted.vocabulary ?? []).map(String);
    return ok({ tokenizer, vocabulary, ...(normalization !== undefined && { normalization }), ignored: null });
  }
  if (file === null) return ok(null);
  const path = "/data/tokenizer";
  let content: string;
  try {
    content = readFileSync(resolve(folder, file), "utf8");
  } catch (error) {
    return fail([unreadableFile(path, file, error)]);
  }
  const parsed = parseTokenizerJson(content);
  if (parsed.ok) return parsed;
  const { fault, hint } = parsed.error;
  return fail([{ code: "tokenizer", path, file, message: `"${file}" ${fault}.`, hint }]);
}

/** The units of a text, its changes and its tokenizer, as a member of metadata. */
export function tokenizationOf<U extends TextUnit | "byte">(
  unit: U,
  normalization: NormalTextNormalization,
  stored: Pick<StoredTokenizer, "tokenizer" | "normalization"> | null,
): Tokenization<U> {
  const own = stored?.normalization;
  return {
    unit,
    ...(own === undefined ? normalizationField(normalization) : { normalization: own }),
    ...(stored !== null && { tokenizer: stored.tokenizer }),
  };
}

/** A notice of tokens that other programs add around a text; none without such tokens. */
export function tokenizerNotices(stored: StoredTokenizer | null): readonly string[] {
  if (stored === null || stored.ignored === null) return [];
  return [`The tokens that the tokenizer's ${stored.ignored} adds around a text are not added.`];
}

/** Entries of a vocabulary that the spec does not limit. */
const DEFAULT_SIZE = 8000;

/**
 * Learns merges.
 *
 * @param counts of each piece in the training split.
 * @param reserved entries of the vocabulary that are no text.
 */
export function learnTokenizer(
  pieces: readonly string[],
  counts: ArrayLike<number>,
  { size, min_count }: NormalVocabulary,
  reserved = 0,
): LearnedTokenizer {
  return learnBpe(pieces, counts, (size ?? DEFAULT_SIZE) - reserved, Math.max(2, min_count));
}

/** A text of pieces as tokens. */
export function encodePieces(
  { units, ids }: TokenizedText,
  { tokenizer, vocabulary }: LearnedTokenizer,
): TokenizedText {
  const encode = pieceEncoder(tokenizer);
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));
  const idsOf = units.map((piece) => encode(String(piece)).map((token) => idOf.get(token) ?? 0));
  const tokens = collectIds();
  for (const chunk of ids.chunks(0, ids.length)) {
    for (const piece of chunk) for (const id of idsOf[piece] ?? []) tokens.push(id);
  }
  return { units: vocabulary, ids: tokens.finish() };
}
