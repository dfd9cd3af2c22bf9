/**
 * Decodes the outputs of a CTC model: greedily, or by prefix beam search, which sums the probabilities of all
 * alignments of the same labels (A. Graves et al., ICML 2006; A. Hannun et al., 2014).
 */
import { shortestDecimal } from "../tensors/rows.js";
import { argmax } from "../tensors/scores.js";
import type { Prediction, Scores } from "./format-predictions.js";

export interface CtcDecoding {
  readonly labels: readonly number[];
  /** Sum over the alignments in the beam; with a beam of 1 the probability of the most likely path. */
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
  return beam === 1 ? greedyDecode(probabilities, blank) : prefixBeamSearch(probabilities, blank, beam);
}

function greedyDecode({ shape: [steps = 0, classes = 1], data }: Scores, blank: number): CtcDecoding {
  const labels: number[] = [];
  let probability = 1;
  let previous = blank;
  for (let step = 0; step < steps; step++) {
    const best = argmax(data, step * classes, classes);
    probability *= data[step * classes + best] ?? 0;
    if (best !== previous && best !== blank) labels.push(best);
    previous = best;
  }
  return { labels, probability };
}

/** Probabilities are relative to the largest, against underflow in long sequences; `scale` is its logarithm. */
function prefixBeamSearch({ shape: [steps = 0, classes = 1], data }: Scores, blank: number, beam: number): CtcDecoding {
  let prefixes: Prefix[] = [{ labels: [], blank: 1, label: 0 }];
  let scale = 0;
  for (let step = 0; step < steps; step++) {
    const row = data.subarray(step * classes, (step + 1) * classes);
    const next = new Map<string, Prefix>();
    const prefixOf = (labels: readonly number[]): Prefix => {
      const key = labels.join(" ");
      const entry = next.get(key) ?? { labels, blank: 0, label: 0 };
      next.set(key, entry);
      return entry;
    };
    for (const prefix of prefixes) {
      const { labels } = prefix;
      const total = prefix.blank + prefix.label;
      const last = labels.at(-1);
      const unchanged = prefixOf(labels);
      unchanged.blank += total * (row[blank] ?? 0);
      if (last !== undefined) unchanged.label += prefix.label * (row[last] ?? 0);
      for (let id = 0; id < classes; id++) {
        if (id === blank) continue;
        // A repeated label is a new one only after a blank.
        prefixOf([...labels, id]).label += (id === last ? prefix.blank : total) * (row[id] ?? 0);
      }
    }
    prefixes = [...next.values()].sort((a, b) => b.blank + b.label - (a.blank + a.label)).slice(0, beam);
    const largest = prefixes[0] === undefined ? 0 : prefixes[0].blank + prefixes[0].label;
    if (largest === 0) return { labels: prefixes[0]?.labels ?? [], probability: 0 };
    for (const prefix of prefixes) {
      prefix.blank /= largest;
      prefix.label /= largest;
    }
    scale += Math.log(largest);
  }
  return { labels: prefixes[0]?.labels ?? [], probability: Math.exp(scale) };
}

/** The labels as class indices, with their probability. */
export function describeDecoding({ labels, probability }: CtcDecoding): Prediction {
  return { labels, probability: shortestDecimal(Math.fround(probability)) };
}
