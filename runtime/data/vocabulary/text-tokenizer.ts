/** Tokenizers of subwords: byte-level byte-pair encoding, and the models WordPiece and Unigram of tokenizer.json. */
import { type BpeTokenizer, decodeBpe, encodeBpe } from "./bpe.js";
import { openPipeline, type PipelineTokenizer, unknownToken } from "./hugging-face/pipeline.js";

export type TextTokenizer = BpeTokenizer | PipelineTokenizer;

/** A tokenizer with its tokens by id. */
export interface Subwords {
  readonly tokenizer: TextTokenizer;
  readonly vocabulary: readonly string[];
}

export function isPipeline(tokenizer: TextTokenizer): tokenizer is PipelineTokenizer {
  return "model" in tokenizer;
}

/** The tokens of a text. */
export function encodeText(text: string, tokenizer: TextTokenizer): readonly string[] {
  return isPipeline(tokenizer) ? openPipeline(tokenizer).encode(text) : encodeBpe(text, tokenizer);
}

/** The tokens of a text that has none: a space, or the unknown token. */
export function blankTokens(tokenizer: TextTokenizer): readonly string[] {
  return isPipeline(tokenizer) ? [unknownToken(tokenizer)] : encodeBpe(" ", tokenizer);
}

/** True for a token that is a word of lower case with the space before it. */
export function isWord(token: string, tokenizer: TextTokenizer | null): boolean {
  if (tokenizer === null || !isPipeline(tokenizer)) return /^Ġ[a-z]{2,}$/u.test(token);
  return (tokenizer.model.type === "WordPiece" ? /^[a-z]{2,}$/u : /^▁[a-z]{2,}$/u).test(token);
}

/** The text of tokens. */
export function decodeTokenText(tokens: readonly string[], tokenizer: TextTokenizer | undefined): string {
  return tokenizer !== undefined && isPipeline(tokenizer) ? openPipeline(tokenizer).decode(tokens) : decodeBpe(tokens);
}
