/**
 * Matches initial weights with the model's data: the rows and columns of a tensor that are numbered by symbols, classes
 * or columns are those of the same names, whose ids may differ.
 */
import { basename } from "node:path";
import type { StoredTensor } from "../../compiler/artifact.js";
import type { Signature } from "../../compiler/signature.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { Metadata } from "../data/metadata.js";
import { formatCount, listFirst } from "../format.js";
import type { RunProblem } from "../problem.js";
import { fail, ok, type Result } from "../result.js";
import { initializeTensor } from "../tensors/initializers.js";
import type { Tensor, Tensors } from "../tensors/safetensors.js";
import { type AxisNames, axisNamesOf, dataAxes, type Name } from "./data-axes.js";

/** A model with its data. */
export interface ModelWithData {
  readonly spec: NormalSpec;
  readonly parameters: readonly StoredTensor[];
  readonly signature: Signature;
  readonly metadata: Metadata;
}

interface Matched {
  readonly tensors: Tensors;
  readonly notices: readonly string[];
}

/**
 * The tensors with their rows and columns in the order of the model's data. Those of names that the file lacks are
 * initialized from the seed.
 *
 * @param metadata of the data that the tensors were trained on; null where it is not known.
 */
export async function matchNames(
  file: string,
  tensors: Tensors,
  metadata: Metadata | null,
  model: ModelWithData,
): Promise<Result<Matched>> {
  const own = axisNamesOf(model.metadata);
  const theirs = metadata === null ? [] : axisNamesOf(metadata);
  const matched = new Map(tensors);
  const notices: string[] = [];
  const problems: RunProblem[] = [];
  for (const axisNames of own) {
    const { kind, names } = axisNames;
    const source = theirs.find(({ sizes }) => sizes.some((size) => axisNames.sizes.includes(size)));
    const sourceNames = source?.names ?? null;
    if (names === null || (sourceNames !== null && areEqual(names, sourceNames))) continue;
    const owned = await affectedTensors(file, tensors, axisNames, model);
    if (sourceNames === null) {
      const affected = owned.ok ? owned.value.map(({ name }) => name) : [...tensors.keys()];
      if (kind !== "columns" && affected.length > 0) notices.push(unknownNotice(file, kind, affected));
      continue;
    }
    if (kind === "columns" && !isPermutation(names, sourceNames)) {
      notices.push(placesNotice(names, sourceNames));
      continue;
    }
    if (!owned.ok) {
      problems.push(...owned.error);
      continue;
    }
    const sourceIds = idsOf(sourceNames);
    const idMap = names.map((name) => sourceIds.get(keyOf(name)) ?? -1);
    const changed = owned.value.filter(({ name, axes }) => {
      const parameter = model.parameters.find((stored) => stored.name === name);
      const tensor = matched.get(name);
      if (parameter === undefined || tensor === undefined || !fits(parameter, tensor, axes)) return false;
      matched.set(name, reorder(parameter, tensor, axes, idMap, model.spec.seed));
      return true;
    });
    if (changed.length > 0)
      notices.push(
        matchedNotice(
          axisNames,
          changed.map(({ name }) => name),
          names,
          idMap,
        ),
      );
  }
  return problems.length > 0 ? fail(problems) : ok({ tensors: matched, notices });
}

interface Affected {
  readonly name: string;
  readonly axes: readonly number[];
}

/** The tensors of a file with axes that are numbered by names. */
async function affectedTensors(
  file: string,
  tensors: Tensors,
  axisNames: AxisNames,
  { spec, signature }: ModelWithData,
): Promise<Result<readonly Affected[]>> {
  const found = await dataAxes(spec, signature, axisNames);
  const unmatched = (what: string): RunProblem => ({
    code: "init-names",
    path: "",
    file,
    message: `The run of "${file}" has other ${axisNames.kind}, or in another order, and ${what}.`,
    hint:
      `Train with the same ${axisNames.kind} in the same order, or leave the tensors of the layer out with ` +
      "--map LAYER=.",
  });
  if (found === null)
    return fail([unmatched("a layer needs their exact number, so weights cannot be matched by name")]);
  const mixed = [...found.axes].find(([name, axes]) => axes === null && tensors.has(name));
  if (mixed !== undefined) return fail([unmatched(`not all rows or columns of ${mixed[0]} are theirs`)]);
  const output = spec.model.at(-1)?.name ?? "";
  if (!found.coversOutputs && [...tensors.keys()].some((name) => name.startsWith(`${output}/`)))
    return fail([
      unmatched(`they are the units of the last layer, ${output}, whose weights cannot be matched by name`),
    ]);
  return ok(
    [...found.axes].flatMap(([name, axes]) =>
      axes !== null && axes.length > 0 && tensors.has(name) ? [{ name, axes }] : [],
    ),
  );
}

/** True where the axes that are not numbered by names have the sizes of the model. */
function fits({ shape }: StoredTensor, tensor: Tensor, axes: readonly number[]): boolean {
  return (
    tensor.shape.length === shape.length &&
    shape.every((size, axis) => axes.includes(axis) || size === tensor.shape[axis]) &&
    tensor.data.every(Number.isFinite)
  );
}

/** @param idMap the id in the file of each id of the model; -1 for a name that the file lacks. */
function reorder(
  parameter: StoredTensor,
  { shape, data }: Tensor,
  axes: readonly number[],
  idMap: readonly number[],
  seed: number,
): Tensor {
  const values = initializeTensor(parameter, seed);
  const sourceIndices = parameter.shape.map((size, axis) =>
    Array.from({ length: size }, (_, id) => {
      const index = axes.includes(axis) ? (idMap[id] ?? -1) : id;
      return index < (shape[axis] ?? 0) ? index : -1;
    }),
  );
  const copy = (axis: number, target: number, source: number): void => {
    const indices = sourceIndices[axis];
    if (indices === undefined) {
      values[target] = data[source] ?? 0;
      return;
    }
    for (const [id, index] of indices.entries())
      if (index >= 0) copy(axis + 1, target * indices.length + id, source * (shape[axis] ?? 1) + index);
  };
  copy(0, 0, 0);
  return { shape: parameter.shape, data: values };
}

function areEqual(names: readonly Name[], others: readonly Name[]): boolean {
  return names.length === others.length && names.every((name, id) => name === others[id]);
}

function isPermutation(names: readonly Name[], others: readonly Name[]): boolean {
  const otherIds = idsOf(others);
  return names.length === others.length && names.every((name) => otherIds.has(keyOf(name)));
}

/** A byte is a number, and no digit. */
function keyOf(name: Name): string {
  return JSON.stringify(name);
}

function idsOf(names: readonly Name[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, id) => [keyOf(name), id]));
}

const MAX_LISTED = 8;

function matchedNotice(
  { kind }: AxisNames,
  tensors: readonly string[],
  names: readonly Name[],
  idMap: readonly number[],
) {
  const missing = names.filter((_, id) => idMap[id] === -1).map(keyOf);
  const seeded =
    missing.length === 0
      ? ""
      : ` From the seed, because the file lacks them: ${missing.length} of ${formatCount(names.length, kind.slice(0, -1), kind)}, ` +
        `${listFirst(missing, MAX_LISTED)}.`;
  return `The file has other ${kind}, or in another order. Matched by name: ${listFirst(tensors, MAX_LISTED)}.${seeded}`;
}

function unknownNotice(file: string, kind: AxisNames["kind"], tensors: readonly string[]): string {
  return (
    `"${basename(file)}" does not list its ${kind}. They need the order of data.json of this run in ` +
    `${listFirst(tensors, MAX_LISTED)}.`
  );
}

function placesNotice(names: readonly Name[], sourceNames: readonly Name[]): string {
  const list = (columns: readonly Name[]) => listFirst(columns.map(String), MAX_LISTED);
  return `Columns are matched by their places: ${list(sourceNames)} of the file are ${list(names)} here.`;
}
