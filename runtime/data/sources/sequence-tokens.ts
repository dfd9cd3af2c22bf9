/** The tokens of sequences: merges learned from pieces, and the vocabulary. */
import type { NormalSequencesData } from "../../../schema/normal/index.js";
import { fail, ok, type Result } from "../../result.js";
import { pieceEncoder } from "../vocabulary/bpe.js";
import type { LearnedTokenizer } from "../vocabulary/learn-bpe.js";
import { learnTokenizer } from "../vocabulary/open-tokenizer.js";
import { checkVocabulary, selectVocabulary } from "../vocabulary/tokenizers.js";
import type { Example } from "./sequence-examples.js";

type TokenExample = Pick<Example, "ids" | "length">;

/** Examples of indices in a list of tokens. */
interface TokenExamples {
  readonly examples: readonly TokenExample[];
  readonly tokens: readonly string[];
}

/** Merges from the pieces of the training examples. */
export function learnFrom(
  { vocabulary }: Pick<NormalSequencesData, "vocabulary">,
  { examples, tokens }: TokenExamples,
  train: Iterable<number>,
): LearnedTokenizer {
  return learnTokenizer(tokens, countTokens(examples, tokens, train), vocabulary);
}

/** Examples of pieces as examples of tokens. */
export function encodeExamples<D extends TokenExamples>(
  { max_length }: Pick<NormalSequencesData, "max_length">,
  dataset: D,
  { tokenizer, vocabulary }: LearnedTokenizer,
): D {
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));
  const idsOf = dataset.tokens.map((piece) => pieceEncoder(tokenizer)(piece).map((token) => idOf.get(token) ?? 0));
  const examples = dataset.examples.map((example) => {
    const ids = example.ids.flatMap((piece) => idsOf[piece] ?? []).slice(0, max_length ?? undefined);
    return { ...example, ids, length: ids.length };
  });
  return { ...dataset, examples, tokens: vocabulary };
}

/** The token of id 0, for all tokens outside of the vocabulary. */
export const UNKNOWN = "<unknown>";

/** The vocabulary of a file; undefined without one. */
export function withUnknown(tokens: readonly string[] | null): readonly string[] | undefined {
  return tokens === null ? undefined : [...new Set([UNKNOWN, ...tokens])];
}

/** Ids from 1 for tokens selected from the training split; 0 for all others. */
export function encodeTokens(
  data: Pick<NormalSequencesData, "vocabulary">,
  { examples, tokens }: TokenExamples,
  train: Iterable<number>,
  fixedVocabulary: readonly string[] | undefined,
): Result<{ readonly vocabulary: readonly string[]; readonly idOf: Int32Array }> {
  if (fixedVocabulary !== undefined) {
    const ids = new Map(fixedVocabulary.map((token, id) => [token, id]));
    return ok({ vocabulary: fixedVocabulary, idOf: Int32Array.from(tokens, (token) => ids.get(token) ?? 0) });
  }
  const counts = countTokens(examples, tokens, train);
  const selected = selectVocabulary(counts, data.vocabulary, 1).filter((token) => tokens[token] !== UNKNOWN);
  const problem = checkVocabulary(selected, counts, data.vocabulary, "token");
  if (problem !== undefined) return fail([problem]);
  const idOf = new Int32Array(tokens.length);
  for (const [index, token] of selected.entries()) idOf[token] = index + 1;
  return ok({ vocabulary: [UNKNOWN, ...selected.map((token) => tokens[token] ?? "")], idOf });
}

/** The occurrences of each token in the training split. */
function countTokens(
  examples: readonly TokenExample[],
  { length }: readonly string[],
  train: Iterable<number>,
): Uint32Array {
  const counts = new Uint32Array(length);
  for (const example of train) {
    for (const token of examples[example]?.ids ?? []) counts[token] = (counts[token] ?? 0) + 1;
  }
  return counts;
}
