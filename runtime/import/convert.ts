/** One unit of foreign tensors as the parameters of one unit of the model: gates in our order, kernels [in, out]. */
import type { StoredTensor } from "../../compiler/artifact.js";
import type { Tensor } from "../safetensors.js";
import type { ForeignTensor, ForeignUnit, Framework, Recipe, Source } from "./foreign.js";
import type { ModelUnit } from "./model-units.js";

/** What stands in the way, as a sentence. */
export type Obstacle = string;

type Roles = ReadonlyMap<string, ForeignTensor>;

/** The recipe by which one becomes the other, as far as names and shapes tell, or why there is none. */
export function recipeFor(framework: Framework, theirs: ForeignUnit, ours: ModelUnit): Recipe | Obstacle {
  const { name, kind, kernelOf } = ours;
  if (!theirs.kinds.includes(kind)) return `${theirs.name} is no ${words[kind]}, as ${name} is.`;
  const recipes = kind === "cell" ? (framework.cells[ours.recipes] ?? []) : [framework.layers[kind]];
  if (recipes.length === 0)
    return `${framework.name} has nothing that rnnx knows as the cell ${ours.recipes} of ${name}.`;
  if (theirs.directions.length !== ours.directions.length)
    return `${theirs.name} has ${directions(theirs.directions.length)}, and ${name} has ${directions(ours.directions.length)}.`;
  const own = [...(ours.directions[0]?.keys() ?? [])];
  /** A dense layer may be without its bias, or without a kernel of its own; a cell's parameters say which variant it is. */
  const free = kind === "dense" ? ["b", ...(kernelOf === null ? [] : ["W"])] : [];
  const fitting = recipes.filter(({ parameters }) => {
    const made = Object.keys(parameters);
    return own.every((short) => made.includes(short)) && made.every((short) => [...own, ...free].includes(short));
  });
  const [first] = fitting;
  if (first === undefined) {
    const known = recipes.map((recipe) => Object.keys(recipe.parameters).join(", ")).join(", or ");
    return `${name} has the parameters ${own.join(", ")}, and ${framework.name}'s ${ours.recipes} gives ${known}.`;
  }
  const obstacles = fitting.map((recipe) => obstacleOf(recipe, theirs, ours));
  const clear = obstacles.indexOf(undefined);
  return fitting[clear] ?? obstacles[0] ?? first;
}

const words = { cell: "cell", embedding: "embedding", dense: "dense layer" } as const;

function directions(count: number): string {
  return count === 1 ? "one direction" : "two directions";
}

function obstacleOf(recipe: Recipe, theirs: ForeignUnit, ours: ModelUnit): Obstacle | undefined {
  for (const [way, roles] of theirs.directions.entries()) {
    const parameters = ours.directions[way] ?? new Map<string, StoredTensor>();
    const used = new Set<string>();
    for (const [short, source] of Object.entries(recipe.parameters)) {
      for (const role of source.from) used.add(role);
      const parameter = parameters.get(short);
      const there = source.from.flatMap((role) => roles.get(role) ?? []);
      if (parameter === undefined) {
        if (there.length > 0 && ours.kernelOf === null) return `${there[0]?.name} has no counterpart in ${ours.name}.`;
        continue;
      }
      if (there.length === 0 && source.optional) continue;
      if (there.length < source.from.length)
        return `${theirs.name} has no ${source.from.filter((role) => !roles.has(role)).join(" and no ")}.`;
      const wanted = foreignShape(source, parameter.shape);
      const wrong = there.find(({ shape }) => !fits(shape, wanted));
      if (wrong !== undefined)
        return `${wrong.name} has shape ${list(wrong.shape)}, and ${parameter.name} ${list(parameter.shape)} takes ${list(wanted)}.`;
    }
    const left = [...roles].find(([role]) => !used.has(role));
    if (left !== undefined) return `${left[1].name} has no counterpart in ${ours.name}.`;
  }
  return undefined;
}

/** The shape that a parameter has at their place: one row of two where its source takes a row. */
function foreignShape({ transpose, row }: Source, shape: readonly number[]): readonly number[] {
  const turned = transpose ? shape.toReversed() : shape;
  return row === undefined ? turned : [2, ...turned];
}

function fits(shape: readonly number[], wanted: readonly number[]): boolean {
  return shape.length === wanted.length && shape.every((size, axis) => size === wanted[axis]);
}

const list = (shape: readonly number[]) => `[${shape.join(", ")}]`;

/** The parameters that a recipe makes, by public name; or what is wrong with a tensor's numbers. */
export function convert(recipe: Recipe, theirs: ForeignUnit, ours: ModelUnit): ReadonlyMap<string, Tensor> | Obstacle {
  const made = new Map<string, Tensor>();
  for (const [way, parameters] of ours.directions.entries()) {
    const roles: Roles = theirs.directions[way] ?? new Map();
    for (const [short, { name, shape }] of parameters) {
      const source = recipe.parameters[short];
      if (source === undefined) continue;
      const sum = new Float64Array(shape.reduce((product, size) => product * size, 1));
      for (const tensor of source.from.flatMap((role) => roles.get(role) ?? [])) {
        const data = tensor.read();
        if (typeof data === "string") return `${tensor.name} ${data}.`;
        if (!data.every(Number.isFinite)) return `${tensor.name} holds numbers that are not finite.`;
        add(sum, data, source, shape, source.gated ? recipe.gates : [0]);
      }
      made.set(name, { shape, data: Float32Array.from(sum) });
    }
  }
  return made;
}

/** sum += theirs, read in our order. */
function add(
  sum: Float64Array,
  data: Float32Array,
  { transpose, row = 0 }: Source,
  shape: readonly number[],
  gates: readonly number[],
): void {
  const columns = shape.at(-1) ?? 1;
  const rows = sum.length / columns;
  const gate = columns / gates.length;
  const offset = row * sum.length;
  for (let column = 0; column < columns; column++) {
    const block = Math.floor(column / gate);
    const theirs = (gates[block] ?? 0) * gate + (column - block * gate);
    for (let line = 0; line < rows; line++) {
      const place = transpose ? theirs * rows + line : line * columns + theirs;
      sum[line * columns + column] = (sum[line * columns + column] ?? 0) + (data[offset + place] ?? 0);
    }
  }
}
