/**
 * Tokenizers of tokenizer.json with the models WordPiece and Unigram: added tokens are found in the text, the rest is
 * normalized, divided into pieces and encoded; a decoder joins tokens.
 */
import { componentsOf, isObject, type Json, refuse } from "./json.js";
import { modelEncoder, type Unigram, type WordPiece } from "./models.js";
import { normalizerOf } from "./normalizers.js";
import { prependScheme, preTokenizerOf } from "./pre-tokenizers.js";

/** The tokenizer of a run, as metadata: the components of its file. */
export interface PipelineTokenizer {
  readonly model: WordPiece | Unigram;
  /** By id. */
  readonly tokens: readonly string[];
  readonly normalizer: Json | null;
  readonly pre_tokenizer: Json | null;
  readonly decoder: Json | null;
  readonly added_tokens: readonly Json[];
}

interface Pipeline {
  readonly encode: (text: string) => readonly string[];
  readonly decode: (tokens: readonly string[]) => string;
}

const pipelines = new WeakMap<PipelineTokenizer, Pipeline>();

/** The functions of a tokenizer. @throws Unsupported for a component whose result would not be that of its file. */
export function openPipeline(tokenizer: PipelineTokenizer): Pipeline {
  const existing = pipelines.get(tokenizer);
  if (existing !== undefined) return existing;
  const { model, tokens, normalizer, pre_tokenizer, added_tokens } = tokenizer;
  const [normalize, divide, encodePiece] = [
    normalizerOf(normalizer),
    preTokenizerOf(pre_tokenizer),
    modelEncoder(model, tokens),
  ];
  const [raw, normalized] = [false, true].map((isNormalized) =>
    added_tokens.filter((token) => (token.normalized === true) === isNormalized),
  );
  const divideRaw = tokenFinder(raw ?? [], (content) => content);
  const divideNormalized = tokenFinder(normalized ?? [], normalize);
  const pipeline: Pipeline = {
    encode(text) {
      return divideRaw(text).flatMap((part, index) =>
        part.token !== undefined
          ? [part.token]
          : divideNormalized(normalize(part.text)).flatMap((inner, place) =>
              inner.token !== undefined
                ? [inner.token]
                : divide(inner.text, index === 0 && place === 0).flatMap(encodePiece),
            ),
      );
    },
    decode: decoderOf(tokenizer),
  };
  pipelines.set(tokenizer, pipeline);
  return pipeline;
}

/** The token of a text without any. */
export function unknownToken({ model, tokens }: PipelineTokenizer): string {
  return model.type === "WordPiece" ? model.unk_token : (tokens[model.unk_id] ?? "");
}

interface Part {
  readonly text: string;
  /** The added token that the part is. */
  readonly token?: string;
}

/** A function that divides a text at added tokens: of several at one place the longest. */
function tokenFinder(added: readonly Json[], change: (content: string) => string): (text: string) => readonly Part[] {
  if (added.length === 0) return (text) => (text === "" ? [] : [{ text }]);
  const byText = new Map(added.map((token) => [change(String(token.content)), token]));
  const space = "\\p{White_Space}*";
  const alternatives = [...byText].sort(([a], [b]) => b.length - a.length);
  const pattern = alternatives
    .map(([text, { lstrip, rstrip }]) => {
      const escaped = text.replace(/[\\^$.*+?()[\]{}|/-]/gu, "\\$&");
      return `${lstrip === true ? space : ""}(?:${escaped})${rstrip === true ? space : ""}`;
    })
    .join("|");
  const regex = new RegExp(pattern, "gu");
  return (text) => {
    const parts: Part[] = [];
    let end = 0;
    for (const { 0: found, index } of text.matchAll(regex)) {
      if (index > end) parts.push({ text: text.slice(end, index) });
      const token = byText.get(found) ?? byText.get(found.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, ""));
      parts.push({ text: found, token: String(token?.content ?? found) });
      end = index + found.length;
    }
    if (end < text.length) parts.push({ text: text.slice(end) });
    return parts;
  };
}

/** English contractions and marks, which WordPiece's decoder joins to the word before. */
const cleanups = [
  [" .", "."],
  [" ?", "?"],
  [" !", "!"],
  [" ,", ","],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [" do not", " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
] as const;

function decoderOf({ model, decoder, pre_tokenizer }: PipelineTokenizer): Pipeline["decode"] {
  const type = decoder?.type ?? (model.type === "WordPiece" ? "WordPiece" : "Metaspace");
  if (type === "WordPiece") {
    const prefix = String(decoder?.prefix ?? (model.type === "WordPiece" ? model.continuing_subword_prefix : "##"));
    const cleanup = (text: string) => cleanups.reduce((clean, [from, to]) => clean.replaceAll(from, to), text);
    return (tokens) =>
      tokens
        .map((token, index) =>
          index === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`,
        )
        .map((token) => (decoder?.cleanup === false ? token : cleanup(token)))
        .join("");
  }
  if (type !== "Metaspace") return refuse(`has the decoder "${type}"`);
  const source =
    decoder ?? componentsOf(pre_tokenizer, "pretokenizers").find((each) => each.type === "Metaspace") ?? {};
  const mark = String(source.replacement ?? "▁");
  const isPrepended = prependScheme(source) !== "never";
  return (tokens) => {
    const text = tokens.join("").replaceAll(mark, " ");
    return isPrepended && tokens[0]?.startsWith(mark) === true ? text.slice(1) : text;
  };
}

/** The tokenizer in the contents of a file. @param tokens by id, added ones too. @throws Unsupported */
export function readPipeline(json: Json, model: Json, tokens: readonly string[]): PipelineTokenizer {
  const added = Array.isArray(json.added_tokens) ? json.added_tokens.filter(isObject) : [];
  const single = added.find((token) => token.single_word === true);
  if (single !== undefined) refuse(`has the token ${JSON.stringify(single.content)} with single_word`);
  const component = (value: unknown) => (isObject(value) ? value : null);
  const tokenizer: PipelineTokenizer = {
    model: model.type === "WordPiece" ? readWordPiece(model, tokens) : readUnigram(model),
    tokens,
    normalizer: component(json.normalizer),
    pre_tokenizer: component(json.pre_tokenizer),
    decoder: component(json.decoder),
    added_tokens: added,
  };
  openPipeline(tokenizer);
  return tokenizer;
}

function readWordPiece(model: Json, tokens: readonly string[]): WordPiece {
  const unknown = String(model.unk_token ?? "[UNK]");
  if (!tokens.includes(unknown)) refuse(`has no token ${JSON.stringify(unknown)} for unknown words`);
  return {
    type: "WordPiece",
    unk_token: unknown,
    continuing_subword_prefix: String(model.continuing_subword_prefix ?? "##"),
    max_input_chars_per_word: Number(model.max_input_chars_per_word ?? 100),
  };
}

function readUnigram({ vocab, unk_id, byte_fallback }: Json): Unigram {
  const scores = (Array.isArray(vocab) ? vocab : []).map((entry: unknown) =>
    Number(Array.isArray(entry) ? entry[1] : 0),
  );
  if (typeof unk_id !== "number") refuse("has no token for unknown characters");
  return { type: "Unigram", unk_id, byte_fallback: byte_fallback === true, scores };
}

/** The contents of tokenizer.json. @param vocabulary the tokens by id of the model, some of them not of the tokenizer. */
export function pipelineJson(tokenizer: PipelineTokenizer, vocabulary: readonly string[]): Json {
  const { model, tokens, normalizer, pre_tokenizer, decoder, added_tokens } = tokenizer;
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));
  const known = new Map(tokens.map((token, id) => [token, id]));
  const scoreOf = (token: string) => (model.type === "Unigram" ? (model.scores[known.get(token) ?? -1] ?? NEVER) : 0);
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added_tokens.map((token) => ({ ...token, id: idOf.get(String(token.content)) ?? 0 })),
    normalizer,
    pre_tokenizer,
    post_processor: null,
    decoder,
    model:
      model.type === "WordPiece"
        ? { ...model, vocab: Object.fromEntries(idOf) }
        : {
            type: model.type,
            unk_id: idOf.get(unknownToken(tokenizer)) ?? 0,
            byte_fallback: model.byte_fallback,
            vocab: vocabulary.map((token) => [token, scoreOf(token)]),
          },
  };
}

/** The score of an entry that no text is encoded as. */
const NEVER = -1e6;
