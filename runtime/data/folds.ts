/** Splits of cross-validation: one fold of the examples is the test split, the others are for training and validation. */
import type { DataSplit, NormalSplit } from "../../schema/normal/index.js";
import { formatCount } from "../format.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import { shuffledIndices } from "./batching/batch-schedule.js";
import { type Splits, splitExamples } from "./splits.js";

export interface FoldMembers {
  readonly examples: number;
  /** The class of each example; null for examples without one class each. */
  readonly classes: ArrayLike<number> | null;
  /** The group of each example, which no two folds share; null without groups. */
  readonly groups: readonly string[] | null;
}

type FoldSplit = Pick<NormalSplit, "fold" | "validation" | "order"> & { readonly folds: number };

/** Folds with the same share of each class where examples have classes, or of whole groups. */
export function splitFolds(split: FoldSplit, seed: number, members: FoldMembers): Result<Splits> {
  const { folds, fold, validation, order } = split;
  const { examples, classes, groups } = members;
  const names = groups === null ? null : new Set(groups);
  if ((names?.size ?? examples) < folds)
    return fail([tooFew(names === null ? formatCount(examples, "example") : formatCount(names.size, "group"), folds)]);
  const shuffled = shuffledIndices(seed, "split", examples, order === "shuffled");
  const foldOf =
    groups === null ? foldsOfExamples(shuffled, classes, folds, order === "shuffled") : foldsOfGroups(groups, folds);
  const indices = Array.from({ length: examples }, (_, example) => example);
  const test = indices.filter((example) => foldOf[example] === fold - 1);
  const rest = indices.filter((example) => foldOf[example] !== fold - 1);
  const held = groups === null ? undefined : heldOutGroups(rest, groups, validation, seed);
  if (held !== undefined) {
    const train = rest.filter((example) => !held.has(groups?.[example] ?? ""));
    if (train.length === 0 || (validation > 0 && held.size === 0)) return fail([noGroupLeft(validation)]);
    const own = rest.filter((example) => held.has(groups?.[example] ?? ""));
    return ok({ train: Uint32Array.from(train), validation: Uint32Array.from(own), test: Uint32Array.from(test) });
  }
  const fractions: DataSplit = { train: 1 - validation, validation, test: 0, order };
  const ofRest = { ...split, ...fractions, stratify: classes !== null };
  const inner = splitExamples(
    ofRest,
    seed,
    rest.length,
    classes === null ? null : rest.map((example) => classes[example] ?? 0),
  );
  if (!inner.ok) return inner;
  const original = (own: Uint32Array) => Uint32Array.from(own, (index) => rest[index] ?? 0);
  return ok({
    train: original(inner.value.train),
    validation: original(inner.value.validation),
    test: Uint32Array.from(test),
  });
}

/** Splits of whole groups: those of the test and validation splits are drawn until they have their fractions. */
export function splitGroups(split: DataSplit, seed: number, groups: readonly string[]): Result<Splits> {
  const all = Array.from(groups, (_, example) => example);
  const test = heldOutGroups(all, groups, split.test, seed);
  const rest = all.filter((example) => !test.has(groups[example] ?? ""));
  const share = rest.length === 0 ? 0 : (split.validation * all.length) / rest.length;
  const validation = heldOutGroups(rest, groups, share, seed);
  const train = rest.filter((example) => !validation.has(groups[example] ?? ""));
  const of = (held: ReadonlySet<string>) => Uint32Array.from(all.filter((example) => held.has(groups[example] ?? "")));
  const splits = { train: Uint32Array.from(train), validation: of(validation), test: of(test) };
  const empty = (["test", "validation", "train"] as const).find(
    (name) => splits[name].length === 0 && (name === "train" || split[name] > 0),
  );
  if (empty === undefined) return ok(splits);
  const message = `Of ${formatCount(new Set(groups).size, "group")} none is left for the ${empty} split.`;
  const hint = "Give the splits other fractions, or use more groups.";
  return fail([{ code: "empty-split", path: "/data/split/group", message, hint }]);
}

/** The splits of examples without groups: by fractions, or folds. */
export function splitOrFold(
  split: NormalSplit,
  seed: number,
  examples: number,
  classes: ArrayLike<number> | null,
): Result<Splits> {
  const { folds } = split;
  if (folds === null) return splitExamples(split, seed, examples, classes);
  return splitFolds({ ...split, folds }, seed, { examples, classes, groups: null });
}

/** Examples in turn, class by class; in the order of time in consecutive parts. */
function foldsOfExamples(
  order: ArrayLike<number>,
  classes: ArrayLike<number> | null,
  folds: number,
  isShuffled: boolean,
): Uint32Array {
  const members = new Map<number, number[]>();
  for (let index = 0; index < order.length; index++) {
    const example = order[index] ?? 0;
    const own = members.get(classes?.[example] ?? 0);
    if (own === undefined) members.set(classes?.[example] ?? 0, [example]);
    else own.push(example);
  }
  const foldOf = new Uint32Array(order.length);
  let turn = 0;
  for (const [, list] of [...members].sort(([a], [b]) => a - b)) {
    for (const [place, example] of list.entries())
      foldOf[example] = isShuffled ? turn++ % folds : Math.floor((place * folds) / list.length);
  }
  return foldOf;
}

/** Groups in the order of their sizes, each into the fold that has the fewest examples. */
function foldsOfGroups(groups: readonly string[], folds: number): Uint32Array {
  const sizes = new Map<string, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const filled = new Array<number>(folds).fill(0);
  const foldByGroup = new Map<string, number>();
  for (const [group, size] of [...sizes].sort(([, a], [, b]) => b - a)) {
    const smallest = filled.indexOf(Math.min(...filled));
    filled[smallest] = (filled[smallest] ?? 0) + size;
    foldByGroup.set(group, smallest);
  }
  return Uint32Array.from(groups, (group) => foldByGroup.get(group) ?? 0);
}

/** Groups for validation, in random order until they have the fraction of the examples. */
function heldOutGroups(
  rest: readonly number[],
  groups: readonly string[],
  fraction: number,
  seed: number,
): ReadonlySet<string> {
  const names = [...new Set(rest.map((example) => groups[example] ?? ""))];
  const held = new Set<string>();
  let count = 0;
  for (const index of shuffledIndices(seed, "split", names.length, true)) {
    if (count >= Math.floor(fraction * rest.length + 1e-6)) break;
    const name = names[index] ?? "";
    held.add(name);
    count += rest.filter((example) => groups[example] === name).length;
  }
  return held;
}

function tooFew(count: string, folds: number): RunProblem {
  return {
    code: "too-few-folds",
    path: "/data/split/folds",
    message: `The data has ${count}, fewer than ${folds} folds.`,
    hint: "Use fewer folds, or more data.",
  };
}

function noGroupLeft(validation: number): RunProblem {
  return {
    code: "empty-split",
    path: "/data/split/validation",
    message: `A validation split of ${validation} leaves no whole group for ${validation > 0 ? "training or itself" : "training"}.`,
    hint: "Give it another fraction, or use more groups.",
  };
}
