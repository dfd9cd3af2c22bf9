/**
 * Which unit of a file goes to which unit of the model: what the user says, then equal names, then the order of layers where
 * it is known, then what shapes leave no choice about. A guess is never made.
 */
import type { RunProblem } from "../problem.js";
import { recipeFor } from "./convert.js";
import type { ForeignFile, ForeignTensor, ForeignUnit, Recipe } from "./foreign.js";
import type { ModelUnit } from "./model-units.js";

/** `--map from=to`; an empty side leaves the other one out. */
export interface NameMap {
  readonly from: string;
  readonly to: string;
}

export interface Pair {
  readonly theirs: ForeignUnit;
  readonly ours: ModelUnit;
  readonly recipe: Recipe;
}

export interface Matching {
  readonly pairs: readonly Pair[];
  readonly problems: readonly Pick<RunProblem, "code" | "message" | "hint">[];
}

interface State {
  readonly file: ForeignFile;
  readonly pairs: Pair[];
  readonly problems: Pick<RunProblem, "code" | "message" | "hint">[];
  theirs: readonly ForeignUnit[];
  ours: readonly ModelUnit[];
  /** Tensors of the file that are in no unit. */
  rest: readonly ForeignTensor[];
}

export function match(file: ForeignFile, ours: readonly ModelUnit[], maps: readonly NameMap[]): Matching {
  const state: State = { file, pairs: [], problems: [], theirs: file.units, ours, rest: file.rest };
  for (const map of maps) applyMap(state, map);
  pairNames(state);
  do pairOrders(state);
  while (pairForced(state));
  reportUnits(state);
  reportRest(state);
  const order = (each: Pair) => ours.indexOf(each.ours);
  return { pairs: state.pairs.toSorted((a, b) => order(a) - order(b)), problems: state.problems };
}

function pair(state: State, theirs: ForeignUnit, ours: ModelUnit): boolean {
  const recipe = recipeFor(state.file.framework, theirs, ours);
  if (typeof recipe === "string") return false;
  state.pairs.push({ theirs, ours, recipe });
  state.theirs = state.theirs.filter((each) => each !== theirs);
  state.ours = state.ours.filter((each) => each !== ours);
  return true;
}

function suits(state: State, theirs: ForeignUnit, ours: ModelUnit): boolean {
  return typeof recipeFor(state.file.framework, theirs, ours) !== "string";
}

/** A unit, or all those of a module or layer. */
function within(name: string, whole: string): boolean {
  return whole === name || ((whole.startsWith(`${name}.`) || whole.startsWith(`${name}/`)) && name !== "");
}

function applyMap(state: State, { from, to }: NameMap): void {
  const theirs = state.theirs.filter(({ name, layer }) => within(from, name) || layer === from);
  const ours = state.ours.filter(({ name }) => within(to, name));
  const loose = to === "" ? state.rest.filter(({ name }) => within(from, name)) : [];
  state.rest = state.rest.filter((tensor) => !loose.includes(tensor));
  const missing = (side: string, names: readonly string[]) =>
    state.problems.push({
      code: "init-map",
      message: `--map ${from}=${to}: ${side} has nothing of that name that is still free.`,
      hint: names.length > 0 ? `There are ${names.join(", ")}.` : "",
    });
  if (from !== "" && theirs.length + loose.length === 0) {
    missing(
      "the file",
      state.theirs.map(({ name }) => name),
    );
  } else if (to !== "" && ours.length === 0) {
    missing(
      "the model",
      state.ours.map(({ name }) => name),
    );
  } else if (from === "") state.ours = state.ours.filter((each) => !ours.includes(each));
  else if (to === "") state.theirs = state.theirs.filter((each) => !theirs.includes(each));
  else if (theirs.length !== ours.length) {
    const counts = `${theirs.map(({ name }) => name).join(", ")} on one side, and ${ours.map(({ name }) => name).join(", ")} on the other`;
    state.problems.push({
      code: "init-map",
      message: `--map ${from}=${to} pairs unequal numbers: ${counts}.`,
      hint: "",
    });
  } else {
    for (const [index, each] of theirs.entries()) {
      const other = ours[index];
      if (other === undefined || pair(state, each, other)) continue;
      const obstacle = recipeFor(state.file.framework, each, other);
      state.problems.push({ code: "init-shape", message: String(obstacle), hint: "" });
      state.theirs = state.theirs.filter((unit) => unit !== each);
      state.ours = state.ours.filter((unit) => unit !== other);
    }
  }
}

/** Layers of one name, cell by cell. */
function pairNames(state: State): void {
  for (const layer of new Set(state.ours.map((unit) => unit.layer))) {
    const ours = state.ours.filter((unit) => unit.layer === layer);
    const theirs = state.theirs.filter((unit) => unit.layer === layer);
    if (theirs.length !== ours.length) continue;
    if (!ours.every((unit, index) => suits(state, theirs[index] as ForeignUnit, unit))) continue;
    for (const [index, unit] of ours.entries()) pair(state, theirs[index] as ForeignUnit, unit);
  }
}

/** All that is left of a kind in its order, where names differ by numbers alone and so tell the order. */
function pairOrders(state: State): void {
  for (const kind of new Set(state.ours.map((unit) => unit.kind))) {
    const ours = state.ours.filter((unit) => unit.kind === kind);
    const theirs = state.theirs.filter((unit) => unit.kinds.includes(kind));
    const sure = theirs.every(({ kinds }) => kinds.length === 1);
    if (!sure || theirs.length !== ours.length || !isNumbered(theirs)) continue;
    if (!ours.every((unit, index) => suits(state, theirs[index] as ForeignUnit, unit))) continue;
    for (const [index, unit] of ours.entries()) pair(state, theirs[index] as ForeignUnit, unit);
  }
}

function isNumbered(units: readonly ForeignUnit[]): boolean {
  return new Set(units.map(({ name }) => name.replace(/[_.]?\d+/g, ""))).size <= 1;
}

/** One pair of which one side fits nothing else, and the other side is not wanted by another that fits nothing else. */
function pairForced(state: State): boolean {
  for (const ours of state.ours) {
    const fitting = state.theirs.filter((theirs) => suits(state, theirs, ours));
    const [only] = fitting;
    if (fitting.length !== 1 || only === undefined) continue;
    const rivals = state.ours.filter((other) => suits(state, only, other));
    if (rivals.length === 1) return pair(state, only, ours);
  }
  return false;
}

function reportUnits({ file, theirs, ours, problems, pairs }: State): void {
  const { name } = file.framework;
  const done = pairs.map((each) => `${each.theirs.name} to ${each.ours.name}`).join(", ");
  const found = theirs.map(describeTheirs).join("; ");
  const wanted = ours.map(describeOurs).join("; ");
  const [like, likeOurs] = likely(theirs, ours);
  const [first, other] = [like ?? theirs[0], likeOurs ?? ours[0]];
  const matched = done === "" ? "" : ` What is clear: ${done}.`;
  if (first !== undefined && other !== undefined) {
    const alone = count(theirs, (unit) => unit.kinds.includes(other.kind)) === 1 && count(ours, isLike(other)) === 1;
    const recipe = alone ? recipeFor(file.framework, first, other) : "";
    const reason = typeof recipe === "string" && recipe !== "" ? [recipe] : [];
    const unclear = `It is not clear which of the ${name} file's weights go where. The file has ${found}. The model wants ${wanted}.${matched}`;
    const only = theirs.length === 1 && ours.length === 1 && reason.length > 0;
    problems.push({
      code: "init-match",
      message: [...reason, ...(only ? [] : [unclear])].join(" "),
      hint: `${like === undefined ? "" : `Say it with --map ${first.name}=${other.name}; `}--map ${first.name}= leaves weights of the file out, --map =${other.name} starts the model's from the seed.`,
    });
  } else if (first !== undefined) {
    problems.push({
      code: "init-match",
      message: `The model has no place for what the ${name} file has as ${found}.${matched}`,
      hint: `--map ${first.name}= leaves it out.`,
    });
  } else if (other !== undefined) {
    problems.push({
      code: "init-match",
      message: `The ${name} file has nothing for ${wanted}.${matched}`,
      hint: `--map =${other.name} starts it from the seed.`,
    });
  }
}

/** The first two that could be of one kind. */
function likely(theirs: readonly ForeignUnit[], ours: readonly ModelUnit[]): readonly [ForeignUnit?, ModelUnit?] {
  for (const unit of theirs) {
    const other = ours.find(({ kind }) => unit.kinds.includes(kind));
    if (other !== undefined) return [unit, other];
  }
  return [];
}

function reportRest({ file, rest, problems }: State): void {
  const [first] = rest;
  if (first === undefined) return;
  const names = rest.map(({ name, shape }) => `${name} [${shape.join(", ")}]`).join(", ");
  problems.push({
    code: "init-name",
    message: `The ${file.framework.name} file has tensors that are no part of a layer that rnnx knows: ${names}.`,
    hint: `--map ${first.name}= leaves one out.`,
  });
}

function isLike({ kind }: ModelUnit): (other: ModelUnit) => boolean {
  return (other) => other.kind === kind;
}

function count<T>(list: readonly T[], holds: (each: T) => boolean): number {
  return list.filter(holds).length;
}

function describeTheirs({ name, directions }: ForeignUnit): string {
  const tensors = directions.flatMap((way) => [...way].map(([role, { shape }]) => `${role} [${shape.join(", ")}]`));
  return `${name} (${tensors.join(", ")})`;
}

function describeOurs({ name, recipes, directions }: ModelUnit): string {
  const tensors = directions.flatMap((way) => [...way].map(([short, { shape }]) => `${short} [${shape.join(", ")}]`));
  return `${name}, ${recipes} (${tensors.join(", ")})`;
}
