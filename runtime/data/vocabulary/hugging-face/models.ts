/** The models WordPiece and Unigram of tokenizer.json: a piece as tokens of a vocabulary. */

/** WordPiece (Schuster and Nakajima, Japanese and Korean Voice Search, 2012), as in BERT: the longest token first. */
export interface WordPiece {
  readonly type: "WordPiece";
  readonly unk_token: string;
  readonly continuing_subword_prefix: string;
  readonly max_input_chars_per_word: number;
}

/** Unigram (Kudo, Subword Regularization, 2018): the tokens of the largest sum of logarithms of probabilities. */
export interface Unigram {
  readonly type: "Unigram";
  readonly unk_id: number;
  /** True where the bytes of an unknown character are tokens, such as <0xE2>. */
  readonly byte_fallback: boolean;
  /** Of the tokens of the first ids. */
  readonly scores: readonly number[];
}

export type PieceEncoder = (piece: string) => readonly string[];

/** A function from a piece to its tokens. @param tokens by id. */
export function modelEncoder(model: WordPiece | Unigram, tokens: readonly string[]): PieceEncoder {
  const encode = model.type === "WordPiece" ? wordPiece(model, new Set(tokens)) : unigram(model, tokens);
  const remembered = new Map<string, readonly string[]>();
  return (piece) => {
    const known = remembered.get(piece);
    if (known !== undefined) return known;
    const found = encode(piece);
    if (remembered.size < MAX_REMEMBERED) remembered.set(piece, found);
    return found;
  };
}

const MAX_REMEMBERED = 2 ** 16;

function wordPiece(
  { unk_token, continuing_subword_prefix: prefix, max_input_chars_per_word: most }: WordPiece,
  tokens: ReadonlySet<string>,
): PieceEncoder {
  return (piece) => {
    const characters = [...piece];
    if (characters.length > most) return [unk_token];
    const found: string[] = [];
    for (let start = 0; start < characters.length; ) {
      let end = characters.length;
      const tokenTo = () => `${start > 0 ? prefix : ""}${characters.slice(start, end).join("")}`;
      while (end > start && !tokens.has(tokenTo())) end--;
      if (end === start) return [unk_token];
      found.push(tokenTo());
      start = end;
    }
    return found;
  };
}

/** Below the least score of a token. */
const UNKNOWN_PENALTY = 10;

function unigram({ unk_id, byte_fallback, scores }: Unigram, tokens: readonly string[]): PieceEncoder {
  const scoreOf = new Map(scores.map((score, id) => [tokens[id] ?? "", score]));
  const unknown = tokens[unk_id] ?? "";
  const unknownScore =
    scores.reduce((least, score) => Math.min(least, score), Number.POSITIVE_INFINITY) - UNKNOWN_PENALTY;
  const longest = tokens.reduce((most, token) => Math.max(most, token.length), 0);
  return (piece) => {
    /** The best path to each index: its score, and the start of its last token. */
    const best: ({ readonly score: number; readonly start: number; readonly isKnown: boolean } | undefined)[] = [
      { score: 0, start: 0, isKnown: true },
    ];
    for (let start = 0; start < piece.length; ) {
      const width = (piece.codePointAt(start) ?? 0) > 0xffff ? 2 : 1;
      const { score = 0 } = best[start] ?? {};
      const offer = (end: number, added: number, isKnown: boolean) => {
        const there = best[end];
        if (there === undefined || score + added > there.score) best[end] = { score: score + added, start, isKnown };
      };
      let hasSingle = false;
      for (let end = start + 1; end <= Math.min(piece.length, start + longest); end++) {
        const own = scoreOf.get(piece.slice(start, end));
        if (own === undefined) continue;
        offer(end, own, true);
        hasSingle ||= end === start + width;
      }
      if (!hasSingle) offer(start + width, unknownScore, false);
      start += width;
    }
    const path: { readonly text: string; readonly isKnown: boolean }[] = [];
    for (let end = piece.length; end > 0; ) {
      const { start, isKnown } = best[end] ?? { start: 0, isKnown: false };
      const [next] = path;
      // Unknown characters in a row are one token.
      if (!isKnown && next !== undefined && !next.isKnown)
        path[0] = { text: piece.slice(start, end) + next.text, isKnown };
      else path.unshift({ text: piece.slice(start, end), isKnown });
      end = start;
    }
    return path.flatMap(({ text, isKnown }) => {
      if (isKnown) return [text];
      const bytes = byte_fallback ? byteTokensOf(text) : [];
      return bytes.length > 0 && bytes.every((token) => scoreOf.has(token)) ? bytes : [unknown];
    });
  };
}

function byteTokensOf(text: string): readonly string[] {
  return Array.from(
    new TextEncoder().encode(text),
    (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
  );
}
