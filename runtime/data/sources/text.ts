/** Text: windows of units (characters, words or bytes); the target at each position is the next unit. */

import { createHash } from "node:crypto";
import type { NormalTextData } from "../../../schema/normal/index.js";
import { formatCount } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import type { NumericArray } from "../../tensors/array.js";
import { argmax } from "../../tensors/scores.js";
import { readByteChunks, readingProblem, readTextChunks } from "../formats/utf8-reader.js";
import type { TextMetadata } from "../metadata.js";
import { type DataSource, expectedBatchSize, type SourceKind } from "../source.js";
import { idAt } from "../spill/id-list.js";
import { type Splits, splitWindows } from "../splits.js";
import { locate, type Position } from "../vocabulary/locate.js";
import { encodeWithVocabulary, unknownUnitMessage } from "../vocabulary/lookup.js";
import { normalizationField, type Tokenization } from "../vocabulary/normalize-text.js";
import { encodePieces, openTokenizer, tokenizationOf, tokenizerNotices } from "../vocabulary/open-tokenizer.js";
import { createTokenizer, type TokenizedText, tokenizeText } from "../vocabulary/tokenizers.js";
import { joinTokens, type Unit, unitNames } from "../vocabulary/tokens.js";
import { checkCoverage, mapVocabularyFile, openVocabulary } from "../vocabulary/vocabulary-file.js";
import { type EncodedText, fitVocabulary, learnFrom, listedVocabulary } from "./text-vocabulary.js";

export const text: SourceKind<NormalTextData> = {
  async open(data, { folder, seed, fittedMetadata }) {
    const stored = openTokenizer(data, folder, fittedMetadata);
    if (!stored.ok) return stored;
    const listed = await openVocabulary(data, folder, fittedMetadata);
    if (!listed.ok) return listed;
    const read = await readUnits(data, folder, tokenizationOf(data.unit, data.normalization, stored.value));
    if (!read.ok) return read;
    const isLearned = data.unit === "bpe" && stored.value === null;
    const learned = isLearned ? learnFrom(data, read.value) : null;
    const tokenizer = learned ?? stored.value;
    const tokenized = learned === null ? read.value : encodePieces(read.value, learned);
    const count = tokenized.ids.length;
    if (count < data.window + 1) return fail([tooShortProblem(data, count, fittedMetadata !== undefined)]);
    const examples = Math.floor((count - data.window - 1) / data.stride) + 1;
    const split = splitWindows(data.split, seed, {
      examples,
      stride: data.stride,
      span: data.window,
      evaluationStride: data.evaluation_stride,
    });
    if (!split.ok) return split;
    const tokenization = tokenizationOf(data.unit, data.normalization, tokenizer);
    const vocabulary = tokenizer === null ? undefined : ({ ...tokenization, type: "text", ...tokenizer } as const);
    const fixed =
      fittedMetadata?.type === "text" ? fittedMetadata : (vocabulary ?? listedVocabulary(data, listed.value));
    const coverage = checkCoverage(data, listed.value, tokenized.units);
    if (!coverage.ok) return coverage;
    const encoded =
      fixed !== undefined
        ? await encodeText(data, folder, tokenized, fixed)
        : fitVocabulary(data, tokenized, split.value);
    if (!encoded.ok) return encoded;
    const isWhole = isLearned && data.split.train < 1 && data.split.order === "shuffled";
    const notices = [...tokenizerNotices(stored.value), ...coverage.value, ...(isWhole ? [wholeTextNotice] : [])];
    const { firstText } = read.value;
    return ok(windowSource(data, tokenization, encoded.value, { firstText, notices }, examples, split.value));
  },
  mapFiles(data, rename) {
    const tokenizer = data.tokenizer === null ? null : rename(data.tokenizer);
    const vocabulary = mapVocabularyFile(data.vocabulary, rename);
    return { ...data, file: data.file === null ? null : rename(data.file), tokenizer, vocabulary };
  },
};

const wholeTextNotice = "The merges are learned from the whole text, because its split is shuffled.";

/** The units of a text, and its beginning. */
interface ReadText extends TokenizedText {
  readonly firstText: string;
}

/** Characters of the beginning that are kept. */
const BEGINNING = 60;

async function readUnits(data: NormalTextData, folder: string, tokenization: Tokenization): Promise<Result<ReadText>> {
  const beginningOf = (text: string) => [...text.slice(0, 2 * BEGINNING)].slice(0, BEGINNING).join("");
  if (data.file === null) {
    const text = data.text ?? "";
    return ok({ ...tokenizeText(text, tokenization), firstText: beginningOf(text) });
  }
  let firstText = "";
  const namedFile = { file: data.file, folder, path: "/data/file" };
  const tokenizer = createTokenizer(tokenization);
  try {
    const chunks = data.unit === "byte" ? readByteChunks(namedFile) : readTextChunks(namedFile);
    for await (const chunk of chunks) {
      if (typeof chunk === "string" && firstText === "") firstText = beginningOf(chunk);
      tokenizer.push(chunk);
    }
  } catch (error) {
    return fail([readingProblem(namedFile, error, 'Save it as UTF-8, or read its bytes with "unit": "byte".')]);
  }
  return ok({ ...tokenizer.finish(), firstText });
}

/** A text as ids of a run's vocabulary. */
async function encodeText(
  data: NormalTextData,
  folder: string,
  tokenized: TokenizedText,
  metadata: TextMetadata,
): Promise<Result<EncodedText>> {
  const { vocabulary, unknown } = metadata;
  const encoded = encodeWithVocabulary(tokenized, metadata);
  if (encoded.ok) return ok({ vocabulary, unknown: unknown ?? null, ids: encoded.value });
  const indices = encoded.error.slice(0, 20);
  const positions = await positionsOf(data, folder, indices);
  return fail(
    indices.map((unitIndex, index) =>
      unknownUnitProblem(data, unitAt(tokenized, unitIndex), unitIndex, positions[index], metadata),
    ),
  );
}

function unitAt({ units, ids }: TokenizedText, index: number): Unit {
  return units[idAt(ids, index)] ?? "";
}

/** Positions of units, by reading the text again; none for bytes. */
async function positionsOf(
  data: NormalTextData,
  folder: string,
  indices: readonly number[],
): Promise<readonly Position[]> {
  const { file, text, unit, normalization } = data;
  if (unit === "byte" || unit === "bpe") return [];
  const locator = locate({ unit, ...normalizationField(normalization) }, indices);
  if (file === null) locator.push(`${text ?? ""}\n`);
  else for await (const chunk of readTextChunks({ file, folder, path: "/data/file" })) if (!locator.push(chunk)) break;
  locator.push("\n");
  return locator.positions;
}

function unknownUnitProblem(
  { file }: NormalTextData,
  unit: Unit,
  index: number,
  position: Position | undefined,
  metadata: TextMetadata,
): RunProblem {
  const name = file ?? "data.text";
  const location = position === undefined ? `${name}, byte ${index + 1}` : `${name}:${position.line}`;
  return {
    code: "unknown-unit",
    path: file === null ? "/data/text" : "/data/file",
    ...(file !== null && { file, ...position }),
    ...unknownUnitMessage(location, unit, metadata),
  };
}

function windowSource(
  { window, stride }: NormalTextData,
  tokenization: Tokenization,
  { vocabulary, unknown, ids }: EncodedText,
  { firstText, notices }: { readonly firstText: string; readonly notices: readonly string[] },
  examples: number,
  splits: Splits,
): DataSource {
  const gather = (indices: ArrayLike<number>, shift: 0 | 1): NumericArray => {
    const data = new Int32Array(indices.length * window);
    for (let row = 0; row < indices.length; row++) {
      const start = (indices[row] ?? 0) * stride + shift;
      ids.copy(data, row * window, start, start + window);
    }
    return { dtype: "int32", shape: [indices.length, window], data };
  };
  const digest = createHash("sha256").update(JSON.stringify(vocabulary));
  for (const chunk of ids.chunks(0, ids.length)) digest.update(chunk);
  return {
    examples,
    splits,
    digest: digest.digest("hex"),
    notices,
    ...(firstText !== "" && { firstText }),
    metadata: {
      type: "text",
      ...tokenization,
      vocabulary,
      ...(unknown !== null && { unknown }),
    },
    signature: (train) => ({
      inputs: { dtype: "int32", shape: ["batch", "time"] },
      targets: { dtype: "int32", shape: ["batch", "time"] },
      sizes: { vocabulary: vocabulary.length, classes: vocabulary.length },
      steps: window,
      expected: { batch: expectedBatchSize(train, splits), time: window },
    }),
    batch: (indices) =>
      new Map([
        ["inputs", gather(indices, 0)],
        ["targets", gather(indices, 1)],
      ]),
    findOutOfRange: () => undefined,
    decode: (predictions) => decodeRows(vocabulary, tokenization, predictions),
  };
}

/** The most likely units of each row of scores [batch, …, vocabulary], joined. */
function decodeRows(vocabulary: readonly Unit[], tokenization: Tokenization, scores: NumericArray): readonly string[] {
  const size = scores.shape.at(-1) ?? 0;
  const rows = scores.shape[0] ?? 0;
  const perRow = rows === 0 || size === 0 ? 0 : scores.data.length / rows / size;
  return Array.from({ length: rows }, (_, row) => {
    const units = Array.from({ length: perRow }, (_, index) => {
      const start = (row * perRow + index) * size;
      return vocabulary[argmax(scores.data, start, size)] ?? "";
    });
    return joinTokens(units, tokenization);
  });
}

/** @param isFixed true for a model whose window is given. */
function tooShortProblem(data: NormalTextData, count: number, isFixed: boolean): RunProblem {
  const unit = unitNames[data.unit];
  return {
    code: "text-too-short",
    path: !isFixed ? "/data/window" : data.file === null ? "/data/text" : "/data/file",
    message: `The text has ${formatCount(count, unit)}, but a window of ${data.window} and the ${unit} after it need ${data.window + 1}.`,
    hint: count >= 2 && !isFixed ? `Use a window of at most ${count - 1}, or a longer text.` : "Use a longer text.",
  };
}
