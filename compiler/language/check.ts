/** Whether a cell's definition is sound whatever its sizes turn out to be: everything that can be known without building. */
import type { Report } from "../../schema/diagnostics.js";
import type { CellOption, NormalCellDefinition } from "../../schema/normal.js";
import { ownValue, type ResolvedCell, resolveCell } from "./cell.js";
import { checkNames, checkVariants } from "./declarations.js";
import { type Assignment, readEquations } from "./equations.js";
import { checkInitializers } from "./initializers.js";
import { inferShapes } from "./shapes.js";
import { type CellSizes, declaredShapes } from "./sizes.js";
import { checkUses } from "./uses.js";

/** Sizes that stand for any size: what is wrong with these is wrong with all. */
const anySizes: CellSizes = { hidden_size: "hidden_size", input_size: "input_size" };

/**
 * Checks the definition at `path` under its default options, and once more for each variant that they leave out. Sizes that
 * differ only for some `hidden_size` or input show when the cell is lowered. True when nothing is wrong.
 */
export function checkCell(definition: NormalCellDefinition, path: string, report: Report): boolean {
  let sound = true;
  const seen = new Set<string>();
  const once: Report = (problem) => {
    const key = JSON.stringify([problem.path, problem.offset, problem.message]);
    if (seen.has(key)) return;
    seen.add(key);
    sound = false;
    report(problem);
  };
  checkVariants(definition, path, once);
  const checked = choices(definition).map((options) => {
    const cell = resolveCell(definition, options);
    return { cell, equations: checkResolved(cell, path, once) };
  });
  const understood = checked.flatMap(({ cell, equations }) => (equations === undefined ? [] : [{ cell, equations }]));
  if (sound) checkUses(definition, understood, path, once);
  return sound;
}

/** Checks one choice of options: names, sizes, initializers, equations, and shapes as far as they do not hang on sizes. */
function checkResolved(cell: ResolvedCell, path: string, report: Report): readonly Assignment[] | undefined {
  const distinct = checkNames(cell, path, report);
  const declared = declaredShapes(cell, anySizes, path, report);
  checkInitializers(cell, anySizes, path, report);
  const equations = readEquations(cell, path, report);
  if (distinct && declared !== undefined && equations !== undefined) {
    inferShapes(equations, { cell, sizes: anySizes, declared, batch: "batch" }, path, report);
  }
  return equations;
}

/** The defaults, then each variant that they do not choose, one at a time. */
function choices(definition: NormalCellDefinition): readonly Readonly<Record<string, CellOption>>[] {
  const others = Object.entries(definition.variants).flatMap(([option, variants]) => {
    const usual = ownValue(definition.options, option);
    if (usual === undefined) return [];
    const values = Object.keys(variants).filter((value) => value !== String(usual));
    return values.map((value) => ({ ...definition.options, [option]: optionValue(value, usual) }));
  });
  return [definition.options, ...others];
}

/** The value that a variant's key stands for; `usual` has its type. */
function optionValue(key: string, usual: CellOption): CellOption {
  if (typeof usual === "boolean") return key === "true";
  return typeof usual === "number" ? Number(key) : key;
}
