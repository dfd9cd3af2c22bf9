/** The built-in definitions in the equation language: one file each in a folder of specs/. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonObject } from "./json-pointer.js";
import { packageRoot } from "./package-root.js";

const extension = ".json";

interface DefinitionFolder {
  /** Names of the definitions, sorted. */
  names(): readonly string[];
  /** The definition in a file, or undefined for an unknown name. */
  read(name: string): JsonObject | undefined;
}

function definitionFolder(kind: string): DefinitionFolder {
  const folder = () => join(packageRoot(), "specs", kind);
  let names: readonly string[] | undefined;
  const sortedNames = () => {
    names ??= readdirSync(folder())
      .filter((file) => file.endsWith(extension))
      .map((file) => file.slice(0, -extension.length))
      .sort();
    return names;
  };
  return {
    names: sortedNames,
    read: (name) =>
      sortedNames().includes(name) ? JSON.parse(readFileSync(join(folder(), name + extension), "utf8")) : undefined,
  };
}

const { names: builtInCells, read: builtInCell } = definitionFolder("cells");
const { names: builtInActivations, read: builtInActivation } = definitionFolder("activations");
const { names: builtInOptimizers, read: builtInOptimizer } = definitionFolder("optimizers");
const { names: builtInSchedules, read: builtInSchedule } = definitionFolder("schedules");
const { names: builtInLayers, read: builtInLayer } = definitionFolder("layers");
const { names: builtInLosses, read: builtInLoss } = definitionFolder("losses");
const { names: builtInMetrics, read: builtInMetric } = definitionFolder("metrics");

export {
  builtInActivation,
  builtInActivations,
  builtInCell,
  builtInCells,
  builtInLayer,
  builtInLayers,
  builtInLoss,
  builtInLosses,
  builtInMetric,
  builtInMetrics,
  builtInOptimizer,
  builtInOptimizers,
  builtInSchedule,
  builtInSchedules,
};
