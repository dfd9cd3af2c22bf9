/** Types, constants and attributes as text: `f32[batch, 25]`, `0.5`, `axis=1`. */
import { printShape } from "../dims.js";
import { at } from "../expect.js";
import { isFloat } from "../float16.js";
import type { DType, Node, Tensor, Type } from "../types.js";

const dtypeNames: { readonly [D in DType]: string } = {
  float32: "f32",
  float16: "f16",
  int64: "i64",
  int32: "i32",
  bool: "bool",
};

/** Printed entries of a constant; the rest is counted. */
const MAX_ENTRIES = 8;

export function printType({ dtype, shape }: Type): string {
  return dtypeNames[dtype] + (shape.length === 0 ? "" : printShape(shape));
}

/** A number in the notation of its dtype. A float has a point or an exponent: `1.0` is not an integer. */
export function printNumber(value: number, dtype: DType): string {
  if (dtype === "bool") return value === 0 ? "false" : "true";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const text = Object.is(value, -0) ? "-0" : `${value}`;
  return isFloat(dtype) && /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** The first entries, in row-major order. */
export function printTensor({ dtype, shape, data }: Tensor): string {
  if (shape.length === 0) return printNumber(at(data, 0), dtype);
  const entries = Array.from(data.subarray(0, MAX_ENTRIES), (entry) => printNumber(entry, dtype));
  const omitted = data.length - entries.length;
  return `[${entries.join(", ")}${omitted > 0 ? `, … ${omitted} more` : ""}]`;
}

/** Attributes that follow from the types of a node's results. */
const implied: ReadonlySet<string> = new Set(["shape", "to", "dtype"]);

/** A node's attributes as `name=value`; a true flag is its name alone. */
export function printAttributes(node: Node): readonly string[] {
  if (node.op === "Constant") return [printTensor(node.attributes.value)];
  if (node.op === "Scan")
    return [
      `length=${node.attributes.length}`,
      ...(node.attributes.reverse ? ["reverse"] : []),
      ...(node.attributes.rematerialize ? ["rematerialize"] : []),
    ];
  return Object.entries<unknown>({ ...node.attributes }).flatMap(([name, value]) => {
    if (implied.has(name) || value === false) return [];
    if (value === true) return [name];
    return [`${name}=${Array.isArray(value) ? `[${value.join(", ")}]` : value}`];
  });
}
