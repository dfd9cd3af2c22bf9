/** A cell's mapping to an operator of ONNX: which columns of which parameters its operands are made of. */
import type { Report } from "../../schema/diagnostics.js";
import type { NormalCellDefinition, OnnxMapping } from "../../schema/normal.js";
import { child } from "../../schema/pointer.js";
import { quote, suggestion } from "../../schema/wording.js";
import { present } from "../ir/present.js";

/** Operands that are made of parameters. */
export const onnxOperands = ["W", "R", "Wb", "Rb", "P"] as const;

/** A parameter, or a piece of its columns that is `hidden_size` wide. */
export interface Block {
  readonly parameter: string;
  /** Which piece, from 0; undefined: all columns. */
  readonly piece: number | undefined;
  readonly negative: boolean;
}

/** Reads `W`, `W[1]`, `-W[1]`; the schema has seen to the form. */
export function readBlock(text: string): Block {
  const [, minus, parameter = "", piece] = present(/^(-?)(\w+)(?:\[(\d)\])?$/.exec(text), "a parameter");
  return { parameter, piece: piece === undefined ? undefined : Number(piece), negative: minus === "-" };
}

/** A cell or a variant of it, as written by a version that knew of mappings or before. */
interface Part {
  readonly onnx?: Partial<OnnxMapping> | null;
}

/** The mapping of a cell and its variants; null when the cell or one of them has none. */
export function mappingOf(parts: readonly Part[]): OnnxMapping | null {
  if (parts[0]?.onnx === undefined || parts.some(({ onnx }) => onnx === null)) return null;
  return Object.assign({}, ...parts.map(({ onnx }) => onnx));
}

/** Every block is a parameter that the cell has under some options, and every state one of its own. */
export function checkMapping(definition: NormalCellDefinition, path: string, report: Report): void {
  const variants = Object.entries(definition.variants).flatMap(([option, values]) =>
    Object.entries(values).map(([value, variant]) => ({ place: child(child("/variants", option), value), ...variant })),
  );
  const parts = [{ place: "", ...definition }, ...variants];
  const parameters = parts.flatMap((part) => Object.keys(part.parameters));
  const states = parts.flatMap((part) => Object.keys(part.state));
  const expect = (name: string, known: readonly string[], kind: string, place: string) => {
    if (known.includes(name)) return;
    const message = `the cell has no ${kind} ${quote(name)}`;
    const hint = suggestion(name, known, `${kind[0]?.toUpperCase()}${kind.slice(1)}s`);
    report({ code: `unknown-${kind}`, path: `${path}${place}`, message, hint });
  };
  for (const { place, onnx } of parts) {
    for (const operand of onnxOperands) {
      for (const [index, text] of (onnx?.[operand] ?? []).entries())
        expect(readBlock(text).parameter, parameters, "parameter", `${place}/onnx/${operand}/${index}`);
    }
    for (const [index, name] of (onnx?.states ?? []).entries())
      expect(name, states, "state", `${place}/onnx/states/${index}`);
  }
}
