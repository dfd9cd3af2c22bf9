/** A cell's mapping to an ONNX operator: the parameter columns that form each operand. */
import type { Report } from "../../schema/diagnostics/index.js";
import { quote, suggestion } from "../../schema/diagnostics/suggest.js";
import { child } from "../../schema/json-pointer.js";
import type { EquationDefinition, OnnxMapping } from "../../schema/normal/index.js";
import { expectDefined } from "../ir/expect.js";

/** Operands that are concatenations of parameter blocks. */
export const onnxOperands = ["W", "R", "Wb", "Rb", "P"] as const;

/** A parameter, or a block of `hidden_size` of its columns. */
export interface OperandBlock {
  readonly parameter: string;
  /** The index of the block, from 0; undefined for all columns. */
  readonly blockIndex: number | undefined;
  readonly isNegated: boolean;
}

/** Parses `W`, `W[1]` or `-W[1]`, which the schema has validated. */
export function parseBlock(text: string): OperandBlock {
  const [, minus, parameter = "", blockIndex] = expectDefined(/^(-?)(\w+)(?:\[(\d)\])?$/.exec(text), "a parameter");
  return { parameter, blockIndex: blockIndex === undefined ? undefined : Number(blockIndex), isNegated: minus === "-" };
}

/** A cell or one of its variants. Cells of older runs have no `onnx` key. */
interface MappingOverlay {
  readonly onnx?: Partial<OnnxMapping> | null;
}

/** The merged mapping of a cell and its variants; null where one of them has none. */
export function mappingOf(overlays: readonly MappingOverlay[]): OnnxMapping | null {
  if (overlays[0]?.onnx === undefined || overlays.some(({ onnx }) => onnx === null)) return null;
  return Object.assign({}, ...overlays.map(({ onnx }) => onnx));
}

/** Checks that every block names a parameter of the cell under some options, and every state one of its states. */
export function checkMapping(definition: EquationDefinition, path: string, report: Report): void {
  const variants = Object.entries(definition.variants).flatMap(([option, values]) =>
    Object.entries(values).map(([value, variant]) => ({ place: child(child("/variants", option), value), ...variant })),
  );
  const overlays = [{ place: "", ...definition }, ...variants];
  const parameters = overlays.flatMap((overlay) => Object.keys(overlay.parameters));
  const states = overlays.flatMap((overlay) => Object.keys(overlay.state ?? {}));
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
