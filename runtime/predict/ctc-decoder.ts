/**
 * Decodes the outputs of a CTC model: greedily, or by prefix beam search, which ranks labels by the sum over their
 * alignments (A. Graves et al., ICML 2006; A. Hannun et al., 2014).
 */
import { shortestDecimal } from "../tensors/rows.js";
import { argmax } from "../tensors/scores.js";
import type { Prediction, Scores } from "./format-predictions.js";

export interface CtcDecoding {
  readonly labels: readonly number[];
  /** Sum over all alignments of the labels. */
  readonly probability: number;
}

/** A prefix of labels, with the probabilities of its alignments that end with the blank, and with its last label. */
interface Prefix {
  readonly labels: readonly number[];
  blank: number;
  label: number;
}

/** @param probabilities of [steps, classes]. */
export function ctcDecode(probabilities: Scores, blank: number, beam: number): CtcDecoding {
  const greedy = greedyLabels(probabilities, blank);
  const candidates = beam === 1 ? [greedy] : [greedy, ...prefixBeamSearch(probabilities, blank, beam)];
  const scored = candidates.map((labels) => ({ labels, log: logProbability(labels, probabilities, blank) }));
  const best = scored.reduce((most, one) => (one.log > most.log ? one : most));
  return { labels: best.labels, probability: Math.exp(best.log) };
}

/** The labels of the most likely path. */
function greedyLabels({ shape: [steps = 0, classes = 1], data }: Scores, blank: number): readonly number[] {
  const labels: number[] = [];
  let previous = blank;
  for (let step = 0; step < steps; step++) {
    const best = argmax(data, step * classes, classes);
    if (best !== previous && best !== blank) labels.push(best);
    previous = best;
  }
  return labels;
}

/**
 * The labels of the prefixes in the beam. A prefix has its rank for itself and for those of later ranks only, so that a
 * wider beam has the prefixes of a narrower one and more.
 */
function prefixBeamSearch(
  { shape: [steps = 0, classes = 1], data }: Scores,
  blank: number,
  beam: number,
): readonly (readonly number[])[] {
  let prefixes: readonly Prefix[] = [{ labels: [], blank: 1, label: 0 }];
  for (let step = 0; step < steps; step++)
    prefixes = nextPrefixes(prefixes, data.subarray(step * classes, (step + 1) * classes), blank, beam);
  return prefixes.map(({ labels }) => labels);
}

/** The prefixes after a step, ranked; each is the most likely one, not taken yet, that those up to its rank lead to. */
function nextPrefixes(
  prefixes: readonly Prefix[],
  row: Scores["data"],
  blank: number,
  beam: number,
): readonly Prefix[] {
  const next: Prefix[] = [];
  const taken = new Set<string>();
  const available = new Map<string, Prefix>();
  const add = (labels: readonly number[], blankShare: number, labelShare: number) => {
    const key = labels.join(" ");
    if (taken.has(key)) return;
    const entry = available.get(key) ?? { labels, blank: 0, label: 0 };
    entry.blank += blankShare;
    entry.label += labelShare;
    available.set(key, entry);
  };
  for (let rank = 0; rank < beam; rank++) {
    const prefix = prefixes[rank];
    if (prefix !== undefined) {
      const { labels } = prefix;
      const total = prefix.blank + prefix.label;
      const last = labels.at(-1);
      add(labels, total * (row[blank] ?? 0), last === undefined ? 0 : prefix.label * (row[last] ?? 0));
      for (let id = 0; id < row.length; id++) {
        if (id === blank) continue;
        // A repeated label is a new one only after a blank.
        add([...labels, id], 0, (id === last ? prefix.blank : total) * (row[id] ?? 0));
      }
    }
    const [key, best] = mostLikely(available);
    if (best === undefined) break;
    available.delete(key);
    taken.add(key);
    next.push(best);
  }
  // Against underflow in long sequences. A power of two keeps every digit, so that ranks do not depend on the beam.
  const largest = next.reduce((most, { blank, label }) => Math.max(most, blank + label), 0);
  const scale = largest === 0 ? 0 : 2 ** Math.floor(Math.log2(largest));
  return scale === 0
    ? next
    : next.map(({ labels, blank, label }) => ({ labels, blank: blank / scale, label: label / scale }));
}

function mostLikely(prefixes: ReadonlyMap<string, Prefix>): readonly [string, Prefix | undefined] {
  let [bestKey, best]: [string, Prefix | undefined] = ["", undefined];
  for (const [key, prefix] of prefixes)
    if (best === undefined || prefix.blank + prefix.label > best.blank + best.label) [bestKey, best] = [key, prefix];
  return [bestKey, best];
}

/** The logarithm of the sum over all alignments of labels: the forward variables of Graves et al., equation 6. */
function logProbability(
  labels: readonly number[],
  { shape: [steps = 0, classes = 1], data }: Scores,
  blank: number,
): number {
  const extended = [blank, ...labels.flatMap((label) => [label, blank])];
  let forward: readonly number[] = extended.map((_, index) => (index === 0 ? 1 : 0));
  let log = 0;
  for (let step = 0; step < steps; step++) {
    const previous = forward;
    const valueAt = (index: number) => previous[index] ?? 0;
    forward = extended.map((label, index) => {
      const skip = label !== blank && label !== extended[index - 2] ? valueAt(index - 2) : 0;
      return (valueAt(index) + valueAt(index - 1) + skip) * (data[step * classes + label] ?? 0);
    });
    const sum = forward.reduce((total, value) => total + value, 0);
    if (sum === 0) return Number.NEGATIVE_INFINITY;
    log += Math.log(sum);
    forward = forward.map((value) => value / sum);
  }
  return log + Math.log((forward.at(-1) ?? 0) + (labels.length > 0 ? (forward.at(-2) ?? 0) : 0));
}

/** The labels as class indices, with their probability. */
export function describeDecoding({ labels, probability }: CtcDecoding): Prediction {
  return { labels, probability: shortestDecimal(Math.fround(probability)) };
}
