/** A cell's mapping to an operator of ONNX: which columns of which parameters its operands are made of. */
import type { Report } from "../../schema/diagnostics/index.js";
import { quote, suggestion } from "../../schema/diagnostics/suggest.js";
import { child } from "../../schema/json-pointer.js";
import type { NormalCellDefinition, OnnxMapping } from "../../schema/normal/index.js";
import { expectDefined } from "../ir/expect.js";

/** Operands that are made of parameters. */
export const onnxOperands = ["W", "R", "Wb", "Rb", "P"] as const;

/** A parameter, or a piece of its columns that is `hidden_size` wide. */
export interface OperandBlock {
  readonly parameter: string;
  /** Which piece, from 0; undefined: all columns. */
  readonly blockIndex: number | undefined;
  readonly isNegated: boolean;
}

/** Reads `W`, `W[1]`, `-W[1]`; the schema has seen to the form. */
export function parseBlock(text: string): OperandBlock {
  const [, minus, parameter = "", blockIndex] = expectDefined(/^(-?)(\w+)(?:\[(\d)\])?$/.exec(text), "a parameter");
  return { parameter, blockIndex: blockIndex === undefined ? undefined : Number(blockIndex), isNegated: minus === "-" };
}

/** A cell or a variant of it, as written by a version that knew of mappings or before. */
interface MappingOverlay {
  readonly onnx?: Partial<OnnxMapping> | null;
}

/** The mapping of a cell and its variants; null when the cell or one of them has none. */
export function mappingOf(overlays: readonly MappingOverlay[]): OnnxMapping | null {
  if (overlays[0]?.onnx === undefined || overlays.some(({ onnx }) => onnx === null)) return null;
  return Object.assign({}, ...overlays.map(({ onnx }) => onnx));
}

/** Every block is a parameter that the cell has under some options, and every state one of its own. */
export function checkMapping(definition: NormalCellDefinition, path: string, report: Report): void {
  const variants = Object.entries(definition.variants).flatMap(([option, values]) =>
    Object.entries(values).map(([value, variant]) => ({ place: child(child("/variants", option), value), ...variant })),
  );
  const overlays = [{ place: "", ...definition }, ...variants];
  const parameters = overlays.flatMap((overlay) => Object.keys(overlay.parameters));
  const states = overlays.flatMap((overlay) => Object.keys(overlay.state));
  const expectKnown = (name: string, known: readonly string[], kind: string, pointer: string) => {
    if (known.includes(name)) return;
    const message = `the cell has no ${kind} ${quote(name)}`;
    const hint = suggestion(name, known, `${kind[0]?.toUpperCase()}${kind.slice(1)}s`);
    report({ code: `unknown-${kind}`, path: `${path}${pointer}`, message, hint });
  };
  for (const { place: pointer, onnx } of overlays) {
    for (const operand of onnxOperands) {
      for (const [index, text] of (onnx?.[operand] ?? []).entries())
        expectKnown(parseBlock(text).parameter, parameters, "parameter", `${pointer}/onnx/${operand}/${index}`);
    }
    for (const [index, name] of (onnx?.states ?? []).entries())
      expectKnown(name, states, "state", `${pointer}/onnx/states/${index}`);
  }
}
