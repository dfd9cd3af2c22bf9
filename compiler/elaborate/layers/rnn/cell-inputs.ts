/** The inputs of cells in addition to x: the layers that `from` names after the first. */
import { joinWithAnd, quote } from "../../../../schema/diagnostics/suggest.js";
import type { NormalCell, NormalRnn } from "../../../../schema/normal/index.js";
import { at } from "../../../ir/expect.js";
import type { Value } from "../../../ir/types.js";
import { ownValue, type ResolvedDefinition } from "../../../language/resolve.js";
import { type CellSizes, declaredShapes } from "../../../language/size-expression.js";
import { sizesAgree } from "../../compare-sizes.js";
import type { Context } from "../../context.js";
import { describeWire, isIds, padWithFirstStep, type Wire, width } from "../../wire.js";

/** The names of the inputs that the cells of a layer have in addition to x: those of the cell with the most. */
export function moreInputs({ cells }: NormalRnn, context: Context): readonly string[] {
  const names = cells.map(({ cell }) => Object.keys(ownValue(context.cells, cell)?.inputs ?? {}));
  return names.reduce((most, other) => (other.length > most.length ? other : most), []);
}

/** The inputs of one cell, [time, batch, size], without padding of zeros; undefined after a reported problem. */
export function checkCellInputs(
  layer: NormalRnn,
  index: number,
  cell: ResolvedDefinition,
  { input, others }: { readonly input: Wire; readonly others: readonly Wire[] },
  sizes: CellSizes,
  context: Context,
): readonly Value[] | undefined {
  const { b } = context;
  const names = Object.keys(cell.inputs);
  // A problem of a size is reported where the cell is built.
  const declared = declaredShapes(cell, sizes, "", () => {});
  if (declared === undefined) return names.map(() => input.value);
  const fail = (code: string, message: string, hint: string) =>
    context.problem({ part: layer, key: "from", code, message, hint });
  if (others.length < names.length) {
    const { cell: kind } = layer.cells[index] as NormalCell;
    const from = [...layer.from, ...names.slice(others.length)].map(quote).join(", ");
    return fail(
      "cell-inputs",
      `The cell ${quote(kind)} reads ${joinWithAnd(["x", ...names])}, but ${layer.name} reads ${1 + others.length} of them.`,
      `Name layers or inputs of the data for all of them: "from": [${from}].`,
    );
  }
  const values: Value[] = [];
  for (const [position, name] of names.entries()) {
    const wire = at(others, position);
    const source = quote(at(layer.from, 1 + position));
    const size = declared.inputs[name] ?? 1;
    const expected = `numbers of width ${size} for each step of ${quote(at(layer.from, 0))}`;
    const hint = `Name a sequence of ${expected}.`;
    if (!wire.sequence || isIds(wire))
      return fail("cell-inputs", `The input ${name} of ${layer.name} is ${source}, ${describeWire(wire)}.`, hint);
    const sameWidth = sizesAgree(width(wire), size);
    const sameSteps = sizesAgree(at(wire.value.type.shape, 0), at(input.value.type.shape, 0));
    if (sameWidth === false || sameSteps === false)
      return fail("cell-inputs", `The input ${name} of ${layer.name} is ${source}, ${describeWire(wire)}.`, hint);
    if (sameWidth === undefined || sameSteps === undefined) return undefined;
    values.push(wire.padding === "zeros" ? padWithFirstStep(b, wire.value, wire.mask) : wire.value);
  }
  return values;
}
