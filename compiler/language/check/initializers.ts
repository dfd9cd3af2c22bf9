/** Checks of a cell's initializers: distributions, numbers, numeric options, or slices of those. */
import { observeReport, type Report } from "../../../schema/diagnostics/index.js";
import { quote, suggestion } from "../../../schema/diagnostics/suggest.js";
import { type CellInitializerSlice, distributionNames, type SizeExpression } from "../../../schema/normal/cells.js";
import type { Dim } from "../../ir/types.js";
import { initialValue } from "../initial-expression.js";
import { numericOptions, ownValue, type ResolvedDefinition } from "../resolve.js";
import type { Scope } from "../scope.js";
import { resolveSize, sizeNames } from "../size-expression.js";

/** Reports invalid initializers. True if all are valid. */
export function checkInitializers(
  definition: ResolvedDefinition,
  sizes: Scope["sizes"],
  path: string,
  report: Report,
): boolean {
  const { report: fail, isSound } = observeReport(report);
  const names = sizeNames(definition, sizes);
  const numericNames = [...numericOptions(definition).keys()];
  const checkValue = (value: string | number, rank: number, pointer: string) => {
    if (typeof value === "number" || numericNames.includes(value)) return;
    if (!isDistribution(value)) {
      const parsed = initialValue(value, names);
      if (parsed.ok) return;
      if (!/^\w+$/.test(value)) return fail({ ...parsed.problem, path: pointer });
      const hint = suggestion(value, [...distributionNames, ...numericNames], "Initializers");
      fail({ code: "unknown-initializer", path: pointer, message: `unknown initializer ${quote(value)}`, hint });
    } else if (value === "orthogonal" ? rank !== 2 : rank < 2) {
      const message = `${value} is for matrices, and this parameter has ${rank === 1 ? "1 axis" : `${rank} axes`}`;
      fail({ code: "initializer", path: pointer, message, hint: "Write a number." });
    }
  };
  const checkSlice = ({ from, to, value }: CellInitializerSlice, shape: readonly SizeExpression[], pointer: string) => {
    const start = resolveSize(from, names, `${pointer}/from`, fail, 0);
    const end = resolveSize(to, names, `${pointer}/to`, fail, 0);
    checkValue(value, shape.length, `${pointer}/value`);
    const last = shape.at(-1);
    // An invalid size of the last axis is reported at its declaration.
    const width = last === undefined ? 0 : resolveSize(last, names, "", () => {});
    if (isBefore(end, start, 1))
      fail({ code: "initializer", path: pointer, message: `the slice from ${start} to ${end} is empty` });
    else if (isBefore(width, end, 0)) {
      fail({ code: "initializer", path: pointer, message: `the slice ends at ${end}, and the last axis at ${width}` });
    }
  };
  for (const [name, initializer] of Object.entries(definition.initializers)) {
    const pointer = `${path}${ownValue(definition.pointers.initializers, name)}`;
    const shape = ownValue(definition.parameters, name);
    if (shape === undefined) {
      const hint = suggestion(name, Object.keys(definition.parameters), "Parameters");
      const message = `the ${definition.kind} has no parameter ${quote(name)}`;
      fail({ code: "unknown-parameter", path: pointer, message, hint, atKey: true });
    } else if (typeof initializer === "object") {
      for (const [index, slice] of initializer.entries()) checkSlice(slice, shape, `${pointer}/${index}`);
    } else {
      checkValue(initializer, shape.length, pointer);
    }
  }
  return isSound();
}

/** True if a < b + margin for all data: a size that depends on the data is not compared. */
function isBefore(a: Dim | undefined, b: Dim | undefined, margin: number): boolean {
  return typeof a === "number" && typeof b === "number" && a < b + margin;
}

function isDistribution(value: string): boolean {
  return (distributionNames as readonly string[]).includes(value);
}
