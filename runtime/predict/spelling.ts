/**
 * The labels that a ctc model spells: those of its likeliest output at every step, or of a search over prefixes that sums what
 * all alignments of the same labels are worth (A. Graves et al., ICML 2006; A. Hannun et al., 2014).
 */
import type { NormalLoss } from "../../schema/normal-objective.js";
import { argmax } from "../data/labels.js";
import { shortest } from "../data/rows.js";
import type { Prediction, Scores } from "./answers.js";

export interface Spelled {
  readonly labels: readonly number[];
  /** Of the alignments that were looked at: at a beam of 1 the likeliest path alone. */
  readonly probability: number;
}

/** A beginning of the labels: what its alignments are worth that end with the blank, and with its last label. */
interface Prefix {
  readonly labels: readonly number[];
  blank: number;
  label: number;
}

/** The class that stands for no label. */
export function blankOf({ blank }: Extract<NormalLoss, { readonly type: "ctc" }>, { shape }: Scores): number {
  return blank === "last" ? (shape.at(-1) ?? 1) - 1 : blank;
}

/** @param probabilities of [steps, classes]. */
export function spell(probabilities: Scores, blank: number, beam: number): Spelled {
  return beam === 1 ? alongTheLikeliest(probabilities, blank) : overPrefixes(probabilities, blank, beam);
}

function alongTheLikeliest({ shape: [steps = 0, classes = 1], data }: Scores, blank: number): Spelled {
  const labels: number[] = [];
  let probability = 1;
  let before = blank;
  for (let step = 0; step < steps; step++) {
    const chosen = argmax(data, step * classes, classes);
    probability *= data[step * classes + chosen] ?? 0;
    if (chosen !== before && chosen !== blank) labels.push(chosen);
    before = chosen;
  }
  return { labels, probability };
}

/** Worths are kept as shares of the best one, so that long sequences do not underflow; `scale` is its logarithm. */
function overPrefixes({ shape: [steps = 0, classes = 1], data }: Scores, blank: number, beam: number): Spelled {
  let kept: Prefix[] = [{ labels: [], blank: 1, label: 0 }];
  let scale = 0;
  for (let step = 0; step < steps; step++) {
    const row = data.subarray(step * classes, (step + 1) * classes);
    const next = new Map<string, Prefix>();
    const reached = (labels: readonly number[]): Prefix => {
      const key = labels.join(" ");
      const found = next.get(key) ?? { labels, blank: 0, label: 0 };
      next.set(key, found);
      return found;
    };
    for (const prefix of kept) {
      const { labels } = prefix;
      const worth = prefix.blank + prefix.label;
      const last = labels.at(-1);
      const same = reached(labels);
      same.blank += worth * (row[blank] ?? 0);
      if (last !== undefined) same.label += prefix.label * (row[last] ?? 0);
      for (let id = 0; id < classes; id++) {
        if (id === blank) continue;
        // A label after itself is a new one only where a blank stands between.
        reached([...labels, id]).label += (id === last ? prefix.blank : worth) * (row[id] ?? 0);
      }
    }
    kept = [...next.values()].sort((a, b) => b.blank + b.label - (a.blank + a.label)).slice(0, beam);
    const largest = kept[0] === undefined ? 0 : kept[0].blank + kept[0].label;
    if (largest === 0) return { labels: kept[0]?.labels ?? [], probability: 0 };
    for (const prefix of kept) {
      prefix.blank /= largest;
      prefix.label /= largest;
    }
    scale += Math.log(largest);
  }
  return { labels: kept[0]?.labels ?? [], probability: Math.exp(scale) };
}

/** Labels by number, and how likely they are. */
export function spelledOut({ labels, probability }: Spelled): Prediction {
  return { labels, probability: shortest(Math.fround(probability)) };
}
