/** What a cell's parameters start from, checked: distributions, numbers, numeric options, or slices of those. */
import type { Report } from "../../schema/diagnostics.js";
import type { CellInitializerSlice, SizeExpression } from "../../schema/normal.js";
import { quote, suggestion } from "../../schema/wording.js";
import type { Dim } from "../ir/types.js";
import { numericOptions, ownValue, type ResolvedCell } from "./cell.js";
import { type CellSizes, resolveSize, sizeNames } from "./sizes.js";

const distributions: readonly string[] = ["glorot_uniform", "glorot_normal", "orthogonal"];

/** Reports initializers that no parameter can start from. True when there are none. */
export function checkInitializers(cell: ResolvedCell, sizes: CellSizes, path: string, report: Report): boolean {
  let sound = true;
  const fail: Report = (problem) => {
    sound = false;
    report(problem);
  };
  const names = sizeNames(cell, sizes);
  const numbers = [...numericOptions(cell).keys()];
  const checkValue = (value: string | number, axes: number, place: string) => {
    if (typeof value === "number" || numbers.includes(value)) return;
    if (!distributions.includes(value)) {
      const hint = suggestion(value, [...distributions, ...numbers], "Initializers");
      fail({ code: "unknown-initializer", path: place, message: `unknown initializer ${quote(value)}`, hint });
    } else if (axes !== 2) {
      const message = `${value} is for matrices, and this parameter has ${axes === 1 ? "1 axis" : `${axes} axes`}`;
      fail({ code: "initializer", path: place, message, hint: "Write a number." });
    }
  };
  const checkSlice = ({ from, to, value }: CellInitializerSlice, shape: readonly SizeExpression[], place: string) => {
    const start = resolveSize(from, names, `${place}/from`, fail, 0);
    const end = resolveSize(to, names, `${place}/to`, fail, 0);
    checkValue(value, shape.length, `${place}/value`);
    const last = shape.at(-1);
    // A last axis that is no size is reported where it is declared.
    const width = last === undefined ? 0 : resolveSize(last, names, "", () => {});
    if (isBefore(end, start, 1))
      fail({ code: "initializer", path: place, message: `the slice from ${start} to ${end} is empty` });
    else if (isBefore(width, end, 0)) {
      fail({ code: "initializer", path: place, message: `the slice ends at ${end}, and the last axis at ${width}` });
    }
  };
  for (const [name, initializer] of Object.entries(cell.initializers)) {
    const place = `${path}${ownValue(cell.written.initializers, name)}`;
    const shape = ownValue(cell.parameters, name);
    if (shape === undefined) {
      const hint = suggestion(name, Object.keys(cell.parameters), "Parameters");
      const message = `the cell has no parameter ${quote(name)}`;
      fail({ code: "unknown-parameter", path: place, message, hint, atKey: true });
    } else if (typeof initializer === "object") {
      for (const [index, slice] of initializer.entries()) checkSlice(slice, shape, `${place}/${index}`);
    } else {
      checkValue(initializer, shape.length, place);
    }
  }
  return sound;
}

/** Whether a < b + margin for certain: a size that only the data knows is not compared. */
function isBefore(a: Dim | undefined, b: Dim | undefined, margin: number): boolean {
  return typeof a === "number" && typeof b === "number" && a < b + margin;
}
