/** The format of Hugging Face's tokenizers, `tokenizer.json`: byte-level byte-pair encoding, WordPiece and Unigram. */
import type { NormalTextNormalization } from "../../../schema/normal/index.js";
import { fail, ok, type Result } from "../../result.js";
import type { Metadata } from "../metadata.js";
import { type BpeTokenizer, byteTokens, javaScriptPattern } from "./bpe.js";
import { isObject, type Json, refuse, Unsupported } from "./hugging-face/json.js";
import { pipelineJson, readPipeline } from "./hugging-face/pipeline.js";
import { isPipeline, type Subwords } from "./text-tokenizer.js";

/** A tokenizer, and the change of texts before they are divided. */
export interface StoredTokenizer extends Subwords {
  readonly normalization?: NormalTextNormalization;
  /** The component that adds tokens around a text in other programs, and not here; null for none. */
  readonly ignored: string | null;
}

/** The tokenizer of metadata with the ids of the model; undefined for other units. */
export function storedTokenizer(metadata: Metadata): Omit<StoredTokenizer, "ignored"> | undefined {
  if (!("tokenizer" in metadata) || metadata.tokenizer === undefined) return undefined;
  const { tokenizer, normalization } = metadata;
  const vocabulary = metadata.type === "pairs" ? metadata.target_vocabulary : (metadata.vocabulary ?? []);
  return { tokenizer, vocabulary: vocabulary.map(String), ...(normalization !== undefined && { normalization }) };
}

export interface TokenizerFault {
  /** A predicate of the file: `has the model "WordPiece"`. */
  readonly fault: string;
  readonly hint: string;
}

/** The contents of tokenizer.json, whose ids are those of the vocabulary. */
export function tokenizerJson({ tokenizer, vocabulary, normalization }: Omit<StoredTokenizer, "ignored">): string {
  if (isPipeline(tokenizer)) return `${JSON.stringify(pipelineJson(tokenizer, vocabulary), undefined, 2)}\n`;
  const { merges, pattern, prefix_space = false, special = [] } = tokenizer;
  const byteLevel = (spaced: boolean, regex: boolean) => ({
    type: "ByteLevel",
    add_prefix_space: spaced,
    trim_offsets: true,
    use_regex: regex,
  });
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const content = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: special.map((token) => ({ id: vocabulary.indexOf(token), content: token, ...flags })),
    normalizer: normalizerOf(normalization),
    pre_tokenizer:
      pattern === undefined
        ? byteLevel(prefix_space, true)
        : {
            type: "Sequence",
            pretokenizers: [
              { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false },
              byteLevel(false, false),
            ],
          },
    post_processor: null,
    decoder: byteLevel(true, true),
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
      merges: merges.map((pair) => pair.split(" ")),
    },
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

function normalizerOf(normalization: NormalTextNormalization | undefined) {
  if (normalization === undefined) return null;
  const { normalize, lowercase, punctuation } = normalization;
  const normalizers = [
    ...(normalize === "none" ? [] : [{ type: normalize }]),
    ...(lowercase ? [{ type: "Lowercase" }] : []),
    ...(punctuation === "keep" ? [] : [{ type: "Replace", pattern: { Regex: "[\\p{P}\\p{S}]" }, content: "" }]),
  ];
  return { type: "Sequence", normalizers };
}

const supported =
  "Supported are WordPiece (BERT) and Unigram (T5, XLM-RoBERTa) models, and byte-level BPE models (GPT-2, RoBERTa) with " +
  "normalizers NFC and NFKC and pre-tokenizers ByteLevel and Split.";

/** Parses the contents of tokenizer.json. */
export function parseTokenizerJson(text: string): Result<StoredTokenizer, TokenizerFault> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fail({ fault: "is not JSON", hint: "Name a tokenizer.json of Hugging Face's tokenizers." });
  }
  if (!isObject(json) || !isObject(json.model))
    return fail({ fault: 'has no "model"', hint: "Name a tokenizer.json of Hugging Face's tokenizers." });
  try {
    return ok(readTokenizer(json, json.model));
  } catch (error) {
    if (error instanceof Unsupported) return fail({ fault: error.message, hint: supported });
    throw error;
  }
}

function readTokenizer(json: Json, model: Json): StoredTokenizer {
  const postProcessor = isObject(json.post_processor) ? String(json.post_processor.type) : null;
  if (model.type === "WordPiece" || model.type === "Unigram") {
    const tokens = vocabularyOf(model, json.added_tokens);
    return { tokenizer: readPipeline(json, model, tokens), vocabulary: tokens, ignored: postProcessor };
  }
  if (model.type !== "BPE" && !(model.type === undefined && Array.isArray(model.merges)))
    refuse(`has the model "${model.type}"`);
  for (const key of ["dropout", "continuing_subword_prefix", "end_of_word_suffix", "byte_fallback", "ignore_merges"]) {
    if (model[key]) refuse(`has a model with ${key}`);
  }
  const merges = (Array.isArray(model.merges) ? model.merges : []).map((pair: unknown) =>
    Array.isArray(pair) ? pair.join(" ") : String(pair),
  );
  const vocabulary = vocabularyOf(model, json.added_tokens);
  const known = new Set(vocabulary);
  const missing = byteTokens.find((token) => !known.has(token));
  if (missing !== undefined) refuse(`has no token for the byte ${JSON.stringify(missing)}, so it is not byte-level`);
  const lost = merges.find((pair) => !pair.split(" ").every((token) => known.has(token)) || !known.has(merged(pair)));
  if (lost !== undefined) refuse(`has the merge ${JSON.stringify(lost)}, whose tokens are not in its vocabulary`);
  const special = specialTokens(json.added_tokens);
  const normalization = normalizationOf(json.normalizer);
  return {
    tokenizer: { merges, ...splitterOf(json.pre_tokenizer), ...(special.length > 0 && { special }) },
    vocabulary,
    ...(normalization !== undefined && { normalization }),
    ignored: postProcessor === "ByteLevel" ? null : postProcessor,
  };
}

function merged(pair: string): string {
  return pair.replace(" ", "");
}

/** The tokens by id; ids have no gaps. */
function vocabularyOf(model: Json, addedTokens: unknown): readonly string[] {
  const vocabulary: string[] = [];
  const entries: readonly (readonly [unknown, unknown])[] = Array.isArray(model.vocab)
    ? model.vocab.map((entry: unknown, id) => [Array.isArray(entry) ? entry[0] : "", id])
    : Object.entries(isObject(model.vocab) ? model.vocab : {});
  for (const [token, id] of [...entries, ...added(addedTokens).map(({ content, id }) => [content, id] as const)]) {
    if (typeof id === "number") vocabulary[id] = String(token);
  }
  const gap = Array.from(vocabulary).indexOf(undefined as unknown as string);
  if (gap >= 0) refuse(`has no token of the id ${gap}`);
  return vocabulary;
}

function added(tokens: unknown): readonly Json[] {
  return Array.isArray(tokens) ? tokens.filter(isObject) : [];
}

function specialTokens(tokens: unknown): readonly string[] {
  return added(tokens).map(({ content, single_word, lstrip, rstrip }) => {
    const flag = Object.entries({ single_word, lstrip, rstrip }).find(([, value]) => value === true)?.[0];
    return flag === undefined ? String(content) : refuse(`has the token ${JSON.stringify(content)} with ${flag}`);
  });
}

function normalizationOf(normalizer: unknown): NormalTextNormalization | undefined {
  if (!isObject(normalizer)) return undefined;
  const [only, ...others] =
    normalizer.type === "Sequence" && Array.isArray(normalizer.normalizers)
      ? normalizer.normalizers.filter(isObject)
      : [normalizer];
  if (only === undefined) return undefined;
  if (others.length > 0 || (only.type !== "NFC" && only.type !== "NFKC"))
    refuse(`has the normalizer "${(others[0] ?? only).type}"`);
  return { normalize: only.type, lowercase: false, punctuation: "keep" };
}

function splitterOf(preTokenizer: unknown): Omit<BpeTokenizer, "merges"> {
  const type = isObject(preTokenizer) ? preTokenizer.type : "none";
  const parts =
    isObject(preTokenizer) && type === "Sequence" && Array.isArray(preTokenizer.pretokenizers)
      ? preTokenizer.pretokenizers.filter(isObject)
      : isObject(preTokenizer)
        ? [preTokenizer]
        : [];
  const byteLevel = parts.at(-1);
  const [split] = parts;
  if (byteLevel?.type !== "ByteLevel" || parts.length > 2) refuse(`has the pre-tokenizer "${type}"`);
  const prefixSpace = byteLevel.add_prefix_space === true;
  if (parts.length === 1) {
    if (byteLevel.use_regex === false) refuse('has the pre-tokenizer "ByteLevel" without its pattern');
    return prefixSpace ? { prefix_space: true } : {};
  }
  const pattern = isObject(split?.pattern) ? split.pattern.Regex : undefined;
  const isIsolated = split?.type === "Split" && split.behavior === "Isolated" && split.invert !== true;
  if (!isIsolated || typeof pattern !== "string" || prefixSpace || byteLevel.use_regex !== false)
    refuse(`has the pre-tokenizer "${split?.type}" before "ByteLevel" in a form that is not supported`);
  if (javaScriptPattern(pattern) === undefined) refuse(`has the pattern ${JSON.stringify(pattern)}`);
  return { pattern };
}
