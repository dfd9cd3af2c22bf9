/** Explanation of a built-in kind that a spec does not use: its equations, its options with their defaults, its source. */
import {
  builtInCell,
  builtInCells,
  builtInLayer,
  builtInLoss,
  builtInMetric,
  builtInOptimizer,
  builtInSchedule,
} from "../../schema/built-in.js";
import type { JsonObject } from "../../schema/json-pointer.js";
import { branchesOf, definition, propertiesOf, type Schema, specSchema } from "../../schema/json-schema.js";

export interface BuiltInExplanation {
  readonly kind: BuiltInKind;
  readonly name: string;
  readonly description: string;
  /** Of one in code its equation in mathematical notation. */
  readonly equations: readonly string[];
  /** The options that have a default. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The file of the equations, or null for one in code. */
  readonly file: string | null;
  /** The publication. */
  readonly source: string | null;
}

type BuiltInKind = "layer" | "loss" | "metric" | "optimizer" | "schedule" | "cell";

interface Union {
  readonly kind: Exclude<BuiltInKind, "cell">;
  readonly folder: string;
  schema(): Schema;
  /** The file of the equations; undefined for code. */
  read(name: string): JsonObject | undefined;
}

const unions: readonly Union[] = [
  { kind: "layer", folder: "layers", schema: () => definition("layer"), read: builtInLayer },
  { kind: "loss", folder: "losses", schema: () => definition("loss"), read: builtInLoss },
  { kind: "metric", folder: "metrics", schema: () => definition("metric"), read: builtInMetric },
  {
    kind: "optimizer",
    folder: "optimizers",
    schema: () => propertiesOf(specSchema()).optimizer as Schema,
    read: builtInOptimizer,
  },
  { kind: "schedule", folder: "schedules", schema: () => definition("schedule"), read: builtInSchedule },
];

/** The names of all built-in kinds. */
export function builtInNames(): readonly string[] {
  const ofUnions = unions.flatMap((union) =>
    branchesOf(union.schema()).flatMap((branch) => tagOf(union, branch) ?? []),
  );
  return [...ofUnions, ...builtInCells()];
}

/** The explanation of a name, or undefined where no built-in kind has it. */
export function explainBuiltIn(name: string): BuiltInExplanation | undefined {
  const cell = builtInCell(name);
  if (cell !== undefined) return { kind: "cell", name, source: null, ...factsOfFile(cell, `specs/cells/${name}.json`) };
  for (const union of unions) {
    const branch = branchesOf(union.schema()).find((candidate) => tagOf(union, candidate) === name);
    if (branch === undefined) continue;
    const file = union.read(name);
    const { description = "", "x-equation": equation, "x-source": source = null } = branch;
    const facts = file && factsOfFile(file, `specs/${union.folder}/${name}.json`);
    const code = { equations: equation === undefined ? [] : equation.split(";  "), file: null };
    return { kind: union.kind, name, ...code, ...facts, description, options: defaultsOf(branch), source };
  }
  return undefined;
}

/** The name of a kind by its schema; undefined for those of the user's own, which have definitions. */
function tagOf({ kind }: Union, branch: Schema): string | undefined {
  const tag = propertiesOf(branch)[kind === "layer" ? "layer" : "type"]?.const;
  return typeof tag === "string" && tag !== "custom" ? tag : undefined;
}

function factsOfFile(file: JsonObject, path: string) {
  const { description, equations, options = {} } = file;
  return {
    description: String(description),
    equations: Array.isArray(equations) ? equations.map(String) : [],
    options: options as JsonObject,
    file: path,
  };
}

/** The defaults, without those of null, which are described only. */
function defaultsOf(branch: Schema): Readonly<Record<string, unknown>> {
  const defaults = Object.entries(propertiesOf(branch)).map(([key, property]) => [key, property.default] as const);
  return Object.fromEntries(defaults.filter(([, value]) => value !== undefined && value !== null));
}
