/** Whether a cell's definition is sound whatever its sizes turn out to be: everything that can be known without building. */
import type { Report } from "../../schema/diagnostics.js";
import type { CellOption, NormalCellDefinition } from "../../schema/normal.js";
import { otherwise, ownValue, resolveCell } from "./cell.js";
import { checkVariants } from "./declarations.js";
import { checkMapping } from "./onnx.js";
import { readCell } from "./read.js";
import type { CellSizes } from "./sizes.js";
import { checkUses } from "./uses.js";

/** Sizes that stand for any size: what is wrong with these is wrong with all. */
const anySizes: CellSizes = { hidden_size: "hidden_size", input_size: "input_size" };

/** Definitions in which nothing was wrong: they are not read again. */
const known = new WeakSet<NormalCellDefinition>();

/**
 * Checks the definition at `path` under its default options, and once more for each variant that they leave out. Sizes that
 * differ only for some `hidden_size` or input show when the cell is lowered. True when nothing is wrong.
 */
export function checkCell(definition: NormalCellDefinition, path: string, report: Report): boolean {
  if (known.has(definition)) return true;
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
  checkMapping(definition, path, once);
  const read = choices(definition).flatMap((options) => {
    const cell = resolveCell(definition, options);
    const whole = readCell(cell, anySizes, "batch", path, once);
    return whole === undefined ? [] : [{ cell, equations: whole.equations }];
  });
  if (sound) checkUses(definition, read, path, once);
  if (sound) known.add(definition);
  return sound;
}

/** The defaults, then each variant that they do not choose, one at a time. */
function choices(definition: NormalCellDefinition): readonly Readonly<Record<string, CellOption>>[] {
  const others = Object.entries(definition.variants).flatMap(([option, variants]) => {
    const usual = ownValue(definition.options, option);
    if (usual === undefined) return [];
    const values = Object.keys(variants).filter((value) => value !== String(usual));
    return values.map((value) => ({ ...definition.options, [option]: optionValue(value, usual, values) }));
  });
  return [definition.options, ...others];
}

/** The value that a variant's key stands for; `usual` has its type, and `keys` are the option's other variants. */
function optionValue(key: string, usual: CellOption, keys: readonly string[]): CellOption {
  if (typeof usual === "boolean") return key === "true";
  if (typeof usual !== "number") return key;
  return key === otherwise ? anyOther(keys) : Number(key);
}

/** A number without a variant of its own. It may be a size, so it is whole and has many equal parts. */
function anyOther(keys: readonly string[]): number {
  let number = 5040;
  while (keys.includes(String(number))) number += 5040;
  return number;
}
