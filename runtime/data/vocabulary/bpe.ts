/**
 * Byte-level byte-pair encoding: a text as pieces, and the bytes of each piece as tokens that merges build (Sennrich et
 * al., Neural Machine Translation of Rare Words with Subword Units, 2016; Radford et al., GPT-2, 2019).
 */

/** The tokenizer of a run, as metadata; the tokens and their ids are the vocabulary. */
export interface BpeTokenizer {
  /** Pairs of tokens, "Ġ t", in the order in which they were learned: the earliest pair of a piece is merged first. */
  readonly merges: readonly string[];
  /** The pieces as a pattern of tokenizer.json; absent for those of GPT-2. */
  readonly pattern?: string;
  /** True where a space is read before a text without one. */
  readonly prefix_space?: true;
  /** Texts that are tokens as they are, such as <|endoftext|>. */
  readonly special?: readonly string[];
}

/** Contractions, words, numbers and symbols, each with the space before it, and white space. */
const gpt2Pattern =
  "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\p{White_Space}\\p{L}\\p{N}]+|" +
  "\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+";

/** A printable character for each byte: those of Latin-1 as they are, the others from U+0100. */
const byteCharacters: readonly string[] = (() => {
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    return String.fromCharCode(isPrintable ? byte : next++);
  });
})();

/** Bytes as they are: a tokenizer without merges, and its tokens by the value of their byte. */
export const byteTokenizer = { tokenizer: { merges: [] }, vocabulary: byteCharacters, ignored: null } as const;

const byteOf = new Map(byteCharacters.map((character, byte) => [character, byte]));

/** The tokens of single bytes in the order of their ids. */
export const byteTokens: readonly string[] = [...byteCharacters].sort();

/**
 * A pattern of tokenizer.json (Oniguruma) for JavaScript with the flag u; undefined where that has no such pattern.
 * White space is that of Unicode, and groups without case list the letters of both.
 */
export function javaScriptPattern(pattern: string): string | undefined {
  const translated = pattern
    .replace(/\\s/gu, "\\p{White_Space}")
    .replace(/\\S/gu, "\\P{White_Space}")
    .replace(/\(\?i:([^()[\]\\]*)\)/gu, (_, group: string) => `(?:${group.replace(/[A-Za-z]/gu, bothCases)})`);
  try {
    new RegExp(translated, "gu");
    return translated;
  } catch {
    return undefined;
  }
}

function bothCases(letter: string): string {
  const [lower, upper] = [letter.toLowerCase(), letter.toUpperCase()];
  // The long s and the Kelvin sign have the same lower case.
  return `[${lower}${upper}${lower === "s" ? "\u017f" : lower === "k" ? "\u212a" : ""}]`;
}

type Splitter = Pick<BpeTokenizer, "pattern" | "prefix_space" | "special">;

/** The pieces of a text, which merges do not cross. Joined, they are the text. */
export function piecesOf(text: string, { pattern, prefix_space, special = [] }: Splitter = {}): readonly string[] {
  const regex = new RegExp(pattern === undefined ? gpt2Pattern : (javaScriptPattern(pattern) ?? gpt2Pattern), "gu");
  const isSpecial = new Set(special);
  const pieces: string[] = [];
  for (const segment of segmentsOf(text, special)) {
    if (isSpecial.has(segment)) {
      pieces.push(segment);
      continue;
    }
    const spaced = prefix_space && !segment.startsWith(" ") ? ` ${segment}` : segment;
    let end = 0;
    for (const { 0: piece, index } of spaced.matchAll(regex)) {
      if (index > end) pieces.push(spaced.slice(end, index));
      if (piece !== "") pieces.push(piece);
      end = index + piece.length;
    }
    if (end < spaced.length) pieces.push(spaced.slice(end));
  }
  return pieces;
}

/** A text divided at its special tokens, the longest first. */
function segmentsOf(text: string, special: readonly string[]): readonly string[] {
  if (special.length === 0) return text === "" ? [] : [text];
  const longestFirst = [...special].sort((a, b) => b.length - a.length);
  const escaped = longestFirst.map((token) => token.replace(/[\\^$.*+?()[\]{}|/-]/gu, "\\$&"));
  return text.split(new RegExp(`(${escaped.join("|")})`, "u")).filter((segment) => segment !== "");
}

/** True for a tokenizer of which a text may be divided before a space between two characters that are none. */
export function dividesAtSpaces({ pattern, prefix_space, special = [] }: Splitter = {}): boolean {
  return (
    pattern === undefined && prefix_space === undefined && !special.some((token) => /\p{White_Space}/u.test(token))
  );
}

export type PieceEncoder = (piece: string) => readonly string[];

const encoders = new WeakMap<BpeTokenizer, PieceEncoder>();

/** A function from a piece to its tokens, which remembers the pieces it has read. */
export function pieceEncoder(tokenizer: BpeTokenizer): PieceEncoder {
  const existing = encoders.get(tokenizer);
  if (existing !== undefined) return existing;
  const ranks = new Map(tokenizer.merges.map((pair, rank) => [pair, rank]));
  const known = new Map((tokenizer.special ?? []).map((token): [string, readonly string[]] => [token, [token]]));
  const encode: PieceEncoder = (piece) => {
    const remembered = known.get(piece);
    if (remembered !== undefined) return remembered;
    const tokens = mergeTokens(toByteCharacters(piece), ranks);
    if (known.size < MAX_REMEMBERED) known.set(piece, tokens);
    return tokens;
  };
  encoders.set(tokenizer, encode);
  return encode;
}

/** Pieces that an encoder remembers. */
const MAX_REMEMBERED = 2 ** 20;

/** The bytes of a text in UTF-8, as characters. */
export function toByteCharacters(text: string): string[] {
  return Array.from(new TextEncoder().encode(text), (byte) => byteCharacters[byte] ?? "");
}

/** Merges the pair of the lowest rank, all of its occurrences from the left, until no pair has a rank. */
function mergeTokens(bytes: readonly string[], ranks: ReadonlyMap<string, number>): readonly string[] {
  let tokens = bytes;
  while (tokens.length > 1) {
    let [best, first, second] = [Number.POSITIVE_INFINITY, "", ""];
    for (let index = 1; index < tokens.length; index++) {
      const rank = ranks.get(`${tokens[index - 1]} ${tokens[index]}`);
      if (rank !== undefined && rank < best)
        [best, first, second] = [rank, tokens[index - 1] ?? "", tokens[index] ?? ""];
    }
    if (best === Number.POSITIVE_INFINITY) break;
    const merged: string[] = [];
    for (let index = 0; index < tokens.length; index++) {
      const isPair = tokens[index] === first && tokens[index + 1] === second;
      merged.push(isPair ? first + second : (tokens[index] ?? ""));
      if (isPair) index++;
    }
    tokens = merged;
  }
  return tokens;
}

/** The bytes of a token; those of a special token are its text in UTF-8. */
export function bytesOfToken(token: string): Uint8Array {
  const bytes = Array.from(token, (character) => byteOf.get(character));
  return bytes.includes(undefined) ? new TextEncoder().encode(token) : Uint8Array.from(bytes, Number);
}

/** The tokens of a text. */
export function encodeBpe(text: string, tokenizer: BpeTokenizer): readonly string[] {
  return piecesOf(text, tokenizer).flatMap(pieceEncoder(tokenizer));
}

/** The text of tokens; bytes that are no UTF-8 become U+FFFD. */
export function decodeBpe(tokens: readonly string[]): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(
    Uint8Array.from(tokens.flatMap((token) => [...bytesOfToken(token)])),
  );
}
