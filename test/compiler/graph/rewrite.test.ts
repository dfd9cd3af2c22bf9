/** Rewriting copies a graph node by node, loop bodies included; inlining copies one graph into another. */
import { describe, expect, test } from "vitest";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { evaluate } from "../../../compiler/graph/evaluate.js";
import { inline, type RewriteRule, rewrite, scanOperands } from "../../../compiler/graph/rewrite.js";
import { scan } from "../../../compiler/graph/scan.js";
import { verify } from "../../../compiler/graph/verify.js";
import { at } from "../../../compiler/ir/expect.js";
import { tabulate } from "../../../compiler/ir/tensor.js";
import type { Graph, Type } from "../../../compiler/ir/types.js";
import { randomStream } from "../../../runtime/tensors/random.js";

const float = (...shape: Type["shape"]): Type => ({ dtype: "float32", shape });
const draw = (...shape: readonly number[]) => {
  const random = randomStream(1, "rewrite", ...shape);
  return tabulate("float32", shape, () => random.normal());
};

/** Two loops over xs [time, 2], the second over the scan output of the first; both capture U and contain a tanh. */
function stackedLoops(): Graph {
  const b = graphBuilder("stacked");
  const xs = b.input("xs", float("time", 2));
  const u = b.input("U", float(2, 2));
  const start = b.withName(b.expand(b.scalar(0), [1, 2]), "start");
  const layer = (name: string, scanned: typeof xs) =>
    scan(b, name, { initial: [start], scans: [scanned] }, (inner, [h = start], [x = xs]) => {
      const next = inner.withName(inner.tanh(inner.add(x, inner.matmul(h, u))), "next");
      return { next: [next], scanOutputs: [inner.squeeze(next, [0])] };
    });
  const lower = layer("lower", xs);
  const upper = layer("upper", at(lower.scanOutputs, 0));
  return b.finish([at(upper.scanOutputs, 0), b.withName(b.tanh(at(upper.final, 0)), "last")]);
}

const operands = [draw(3, 2), draw(2, 2)];

const tanhToSigmoid: RewriteRule = (node, { b, inputs: [x] }) => {
  if (node.op !== "Tanh" || x === undefined) return undefined;
  // tanh x = 2 sigmoid(2 x) - 1
  return [b.sub(b.mul(b.sigmoid(b.mul(x, 2)), 2), 1)];
};

/** The operators of a graph and of its loop bodies. */
function opsOf(graph: Graph): readonly string[] {
  return graph.nodes.flatMap((node) => [node.op, ...(node.op === "Scan" ? opsOf(node.attributes.body) : [])]);
}

describe("rewrite", () => {
  test("returns the same graph where nothing is replaced", () => {
    const graph = stackedLoops();
    expect(rewrite(graph, () => undefined)).toBe(graph);
  });

  test("replaces nodes everywhere, loop bodies included, and keeps values, types and names", () => {
    const graph = stackedLoops();
    const rewritten = verify(rewrite(graph, tanhToSigmoid), "rewrite");
    expect(opsOf(graph)).toContain("Tanh");
    expect(opsOf(rewritten)).not.toContain("Tanh");
    expect(rewritten.inputs).toEqual(graph.inputs);
    expect(rewritten.outputs).toEqual(graph.outputs);
    const [before, after] = [evaluate(graph, operands), evaluate(rewritten, operands)];
    after.forEach(({ data }, index) => {
      data.forEach((entry, position) => {
        expect(entry).toBeCloseTo(at(before, index).data[position] ?? Number.NaN, 12);
      });
    });
  });

  test("keeps the names of states, slices and captures", () => {
    const names = (graph: Graph) =>
      graph.nodes.flatMap((node) => {
        if (node.op !== "Scan") return [];
        const { inner } = scanOperands(node);
        return [[inner.states, inner.scans, inner.captures].map((values) => values.map(({ name }) => name))];
      });
    const expected = [
      [["start"], ["xs"], ["U"]],
      [["start"], ["slice.0"], ["U"]],
    ];
    expect(names(stackedLoops())).toEqual(expected);
    expect(names(rewrite(stackedLoops(), tanhToSigmoid))).toEqual(expected);
  });

  test("keeps an unnamed input unnamed", () => {
    const b = graphBuilder("nameless");
    const graph = b.finish([b.tanh(b.input(undefined, float()))]);
    expect(rewrite(graph, tanhToSigmoid).inputs).toEqual([{ name: undefined, type: float() }]);
  });

  test("finds the producer of an operand in the new graph", () => {
    const b = graphBuilder("chain");
    const x = b.input("x", float());
    const graph = b.finish([b.neg(b.add(b.tanh(x), 0))]);
    const visited: (readonly [string, readonly (string | undefined)[], readonly (number | undefined)[]])[] = [];
    rewrite(graph, (node, site) => {
      const producerOps = site.inputs.map((input) => site.producer(input)?.op);
      visited.push([node.op, producerOps, site.inputs.map((input) => site.constant(input)?.data[0])]);
      // x + 0 = x
      return node.op === "Add" && site.inputs[0] !== undefined ? [site.inputs[0]] : undefined;
    });
    const untilMatch = [
      ["Tanh", [undefined], [undefined]],
      ["Constant", [], []],
      ["Add", ["Tanh", "Constant"], [undefined, 0]],
    ];
    // Up to the first match on the graph itself, then on its copy.
    expect(visited).toEqual([...untilMatch, ...untilMatch, ["Neg", ["Tanh"], [undefined]]]);
  });
});

describe("inline", () => {
  test("copies a graph into another, on other operands", () => {
    const inner = graphBuilder("square");
    const x = inner.input("x", float("n"));
    const square = inner.finish([inner.withName(inner.mul(x, x), "square"), x]);
    const b = graphBuilder("outer");
    const y = b.input("y", float("n"));
    const [squared = y, same = y] = inline(b, square, [b.add(y, 1)]);
    const [fourth = y] = inline(b, square, [squared]);
    expect(squared.name).toBe("square");
    const graph = verify(b.finish([fourth, same]), "inline");
    expect(evaluate(graph, [tabulate("float32", [3], ([i = 0]) => i)]).map(({ data }) => [...data])).toEqual([
      [1, 16, 81],
      [1, 2, 3],
    ]);
  });

  test("needs an operand for each input", () => {
    const graph = stackedLoops();
    expect(() => inline(graphBuilder("outer"), graph, [])).toThrow("operand 0 is missing");
  });
});
