/** int64 to int32: no int64 remains, and no value changes. */
import { expect, test } from "vitest";
import { evaluate } from "../../../../compiler/graph/evaluate.js";
import { verify } from "../../../../compiler/graph/verify.js";
import { tensor } from "../../../../compiler/ir/tensor.js";
import type { Graph } from "../../../../compiler/ir/types.js";
import { int32 } from "../../../../compiler/optimize/legalize/int32.js";
import { graphOf, loop } from "../../../support/before-after.js";

/** Nodes with int64 outputs. */
function int64Names({ nodes }: Graph): readonly string[] {
  return nodes.flatMap((node) => [
    ...(node.outputs.some(({ type }) => type.dtype === "int64") ? [node.op] : []),
    ...(node.op === "Scan" ? int64Names(node.attributes.body) : []),
  ]);
}

const graph = graphOf((b, float, typed) => {
  const [x, ids] = [float("x", 3, 2), typed("int64")("ids", 3)];
  const positions = b.add(b.range(3), b.size(ids));
  const [last] = loop(b, [ids], [b.gather(x, b.mod(ids, 3), 0)], (inner, [s], [slice]) => {
    return [[inner.add(s, inner.argmax(slice, 0))], []];
  });
  if (last === undefined) throw new Error("a loop without states");
  return [b.mul(positions, last), b.oneHot(ids, 4, "int64"), b.cast(b.add(ids, b.cast(positions, "int64")), "float32")];
});

test("converts inputs, outputs and values, and casts the results of int64 operators", () => {
  const narrowed = verify(int32.run(graph, { expected: new Map() }), "narrow");
  expect(narrowed.inputs.map(({ type }) => type.dtype)).toEqual(["float32", "int32"]);
  expect(narrowed.outputs.map(({ type }) => type.dtype)).toEqual(["int32", "int32", "float32"]);
  expect(int64Names(narrowed).toSorted()).toEqual(["ArgMax", "Range", "Size"]);
  const x = tensor("float32", [3, 2], [1, 2, 4, 3, 0, 1]);
  const [expected, actual] = (["int64", "int32"] as const).map((dtype) =>
    evaluate(dtype === "int64" ? graph : narrowed, [x, tensor(dtype, [3], [0, 2, 1])]),
  );
  expect(actual?.map(({ data }) => data)).toEqual(expected?.map(({ data }) => data));
});
