/** Converts prompts to ids, and generated ids to text, by a run's vocabulary. */
import type { TextMetadata } from "../data/metadata.js";
import { bytesOfToken } from "../data/vocabulary/bpe.js";
import type { PipelineTokenizer } from "../data/vocabulary/hugging-face/pipeline.js";
import { decodeTokenText, isPipeline } from "../data/vocabulary/text-tokenizer.js";
import { tokenize, unitNames } from "../data/vocabulary/tokens.js";
import { listFirst } from "../format.js";
import { fail, ok, type Result } from "../result.js";

/** Maximum number of tokens in a message. */
const MAX_LISTED_UNITS = 5;

/**
 * The ids of a prompt, or the problem that it has unknown tokens.
 *
 * @param path of the prompt in the spec; empty for a flag.
 */
export function encodePrompt(prompt: string, metadata: TextMetadata, path: string): Result<readonly number[]> {
  const { unit, vocabulary, unknown } = metadata;
  const idsByUnit = new Map(vocabulary.map((entry, id) => [entry, id]));
  if (unknown !== undefined) idsByUnit.delete(vocabulary[unknown] ?? "");
  const units = tokenize(prompt, metadata);
  const unknownUnits = [...new Set(units.filter((entry) => !idsByUnit.has(entry)))];
  if (unknownUnits.length === 0) return ok(units.map((entry) => idsByUnit.get(entry) ?? 0));
  const name = unitNames[unit];
  const list = listFirst(
    unknownUnits.map((entry) => JSON.stringify(entry)),
    MAX_LISTED_UNITS,
  );
  return fail([
    {
      code: "unknown-unit",
      path,
      message: `The prompt has ${name}s that are not in the vocabulary: ${list}.`,
      hint: `Use the ${vocabulary.length - (unknown === undefined ? 0 : 1)} ${name}s of the vocabulary.`,
    },
  ]);
}

/**
 * The ids to read, and the number of tokens to sample. Without a prompt generation starts with id 0, the first token of
 * the training text.
 */
export function splitPrompt(
  prompt: readonly number[],
  length: number,
): { readonly promptIds: readonly number[]; readonly remainingLength: number } {
  return prompt.length > 0
    ? { promptIds: prompt, remainingLength: length }
    : { promptIds: [0], remainingLength: length - 1 };
}

/** Converts ids to text incrementally: bytes may be part of an incomplete character. */
export interface Detokenizer {
  /** The text that the next token adds. */
  add(id: number): string;
  /** The text of an incomplete character at the end. */
  end(): string;
}

export function createDetokenizer({ unit, vocabulary, tokenizer }: TextMetadata): Detokenizer {
  if (tokenizer !== undefined && isPipeline(tokenizer)) return growingText(vocabulary.map(String), tokenizer);
  const bytes = new TextDecoder();
  let isFirst = true;
  return {
    add(id) {
      const entry = vocabulary[id] ?? "";
      const separator = unit === "word" && !isFirst ? " " : "";
      isFirst = false;
      if (unit === "byte") return bytes.decode(Uint8Array.of(Number(entry)), { stream: true });
      if (unit === "bpe") return bytes.decode(bytesOfToken(String(entry)), { stream: true });
      return `${separator}${entry}`;
    },
    end: () => (unit === "byte" || unit === "bpe" ? bytes.decode() : ""),
  };
}

/** The text that each token adds to that of all tokens before it. */
function growingText(vocabulary: readonly string[], tokenizer: PipelineTokenizer): Detokenizer {
  const tokens: string[] = [];
  let text = "";
  return {
    add(id) {
      tokens.push(vocabulary[id] ?? "");
      const longer = decodeTokenText(tokens, tokenizer);
      const added = longer.slice(text.length);
      text = longer;
      return added;
    },
    end: () => "",
  };
}
