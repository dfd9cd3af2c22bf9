/** Learns the merges of byte-pair encoding from the pieces of a text. */
import { type BpeTokenizer, byteTokens, toByteCharacters } from "./bpe.js";

export interface LearnedTokenizer {
  readonly tokenizer: BpeTokenizer;
  /** The tokens by id: bytes, then the results of merges in their order. */
  readonly vocabulary: readonly string[];
}

/** A pair of tokens: `first * pairBase + second`. */
const pairBase = 2 ** 26;

interface Candidate {
  readonly pair: number;
  /** Occurrences when it was queued: an upper bound of those that are left. */
  readonly count: number;
}

/**
 * Merges the most frequent pair of tokens, of equal ones that with the smaller ids, until the vocabulary is full or no
 * pair occurs `minCount` times (the order of Hugging Face's BpeTrainer).
 *
 * @param counts occurrences of each piece; pieces without occurrences are not read.
 * @param size entries of the vocabulary, at least 256.
 */
export function learnBpe(
  pieces: readonly string[],
  counts: ArrayLike<number>,
  size: number,
  minCount: number,
): LearnedTokenizer {
  const vocabulary = [...byteTokens];
  const idOf = new Map(vocabulary.map((token, id) => [token, id]));
  const used = pieces.flatMap((piece, index) =>
    (counts[index] ?? 0) > 0 ? [{ piece, count: counts[index] ?? 0 }] : [],
  );
  const words = used.map(({ piece }) => toByteCharacters(piece).map((character) => idOf.get(character) ?? 0));
  const pairCounts = new Map<number, number>();
  /** The words in which a pair may occur; some of them twice. */
  const places = new Map<number, number[]>();
  const change = (first: number, second: number, word: number, by: number) => {
    const pair = first * pairBase + second;
    pairCounts.set(pair, (pairCounts.get(pair) ?? 0) + by);
    if (by < 0) return;
    const own = places.get(pair);
    if (own === undefined) places.set(pair, [word]);
    else if (own.at(-1) !== word) own.push(word);
  };
  for (const [word, ids] of words.entries()) {
    const { count } = used[word] ?? { count: 0 };
    for (let index = 1; index < ids.length; index++) change(ids[index - 1] ?? 0, ids[index] ?? 0, word, count);
  }
  const queue = createQueue();
  for (const [pair, count] of pairCounts) queue.push({ pair, count });
  const merges: string[] = [];
  while (vocabulary.length < size) {
    const top = queue.pop();
    if (top === undefined) break;
    const { pair } = top;
    const count = pairCounts.get(pair) ?? 0;
    if (count < top.count) {
      if (count > 0) queue.push({ pair, count });
      continue;
    }
    if (count < minCount) break;
    const [first, second] = [Math.floor(pair / pairBase), pair % pairBase];
    const merged = `${vocabulary[first]}${vocabulary[second]}`;
    const id = idOf.get(merged) ?? vocabulary.length;
    if (id === vocabulary.length) {
      vocabulary.push(merged);
      idOf.set(merged, id);
    }
    merges.push(`${vocabulary[first]} ${vocabulary[second]}`);
    const changed = new Set<number>();
    const changePair = (a: number, b: number, word: number, by: number) => {
      change(a, b, word, by);
      if (by > 0) changed.add(a * pairBase + b);
    };
    for (const word of places.get(pair) ?? []) {
      const ids = words[word] ?? [];
      const { count: wordCount } = used[word] ?? { count: 0 };
      words[word] = mergeWord(ids, first, second, id, (a, b, by) => changePair(a, b, word, by * wordCount));
    }
    places.delete(pair);
    pairCounts.delete(pair);
    for (const other of changed) if (other !== pair) queue.push({ pair: other, count: pairCounts.get(other) ?? 0 });
  }
  return { tokenizer: { merges }, vocabulary };
}

/** A word with a pair merged; `change` receives the pairs that it loses (-1) and gains (1). */
function mergeWord(
  ids: readonly number[],
  first: number,
  second: number,
  id: number,
  change: (a: number, b: number, by: number) => void,
): number[] {
  const merged: number[] = [];
  for (let index = 0; index < ids.length; index++) {
    const current = ids[index] ?? 0;
    if (current !== first || ids[index + 1] !== second) {
      merged.push(current);
      continue;
    }
    const before = merged.at(-1);
    const after = ids[index + 2];
    if (before !== undefined) {
      change(before, first, -1);
      change(before, id, 1);
    }
    if (after !== undefined) {
      change(second, after, -1);
      change(id, after, 1);
    }
    merged.push(id);
    index++;
  }
  return merged;
}

/** A heap of candidates: the largest count first, of equal ones the smallest pair. */
function createQueue() {
  const heap: Candidate[] = [];
  const isBefore = (a: Candidate, b: Candidate) => a.count > b.count || (a.count === b.count && a.pair < b.pair);
  const swap = (i: number, j: number) => {
    const entry = heap[i] as Candidate;
    heap[i] = heap[j] as Candidate;
    heap[j] = entry;
  };
  return {
    push(candidate: Candidate) {
      heap.push(candidate);
      let index = heap.length - 1;
      while (index > 0) {
        const parent = (index - 1) >> 1;
        if (!isBefore(heap[index] as Candidate, heap[parent] as Candidate)) break;
        swap(index, parent);
        index = parent;
      }
    },
    pop(): Candidate | undefined {
      const [top] = heap;
      const last = heap.pop();
      if (heap.length === 0 || last === undefined) return top;
      heap[0] = last;
      for (let index = 0; ; ) {
        let best = index;
        for (const child of [2 * index + 1, 2 * index + 2]) {
          if (child < heap.length && isBefore(heap[child] as Candidate, heap[best] as Candidate)) best = child;
        }
        if (best === index) break;
        swap(index, best);
        index = best;
      }
      return top;
    },
  };
}
