/** The pipelines as data: names, prerequisites, legality, fixpoints, and the selection of passes. */
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../compiler/autodiff/reverse.js";
import { graphBuilder } from "../../../compiler/graph/builder.js";
import { producersOf } from "../../../compiler/graph/def-use.js";
import { at } from "../../../compiler/ir/expect.js";
import type { Graph } from "../../../compiler/ir/types.js";
import { checkLegality, noIdentity, noInt64, noStaticLoops } from "../../../compiler/optimize/legality.js";
import type { Pass } from "../../../compiler/optimize/pass.js";
import { phase, runPasses } from "../../../compiler/optimize/phase.js";
import { passesOf, pipelines, stepPasses } from "../../../compiler/optimize/pipeline.js";
import { matchTanhGradient } from "../../../compiler/optimize/reuse/tanh-gradient.js";

const allPasses = [...new Set(pipelines.flatMap(({ phases }) => passesOf(phases)))];
const context = { expected: new Map<string, number>() };

describe("passes", () => {
  test("have unique names in kebab case, and a description with an example", () => {
    const names = allPasses.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, description } of allPasses) {
      expect(name).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
      expect(description).toMatch(/^[A-Z].*\.$/);
      expect(description.length).toBeLessThan(120);
    }
  });

  test("name prerequisites and preserved passes that exist", () => {
    const names = allPasses.map(({ name }) => name);
    for (const { after = [], preserves = [] } of allPasses)
      expect(names).toEqual(expect.arrayContaining([...after, ...preserves]));
  });

  test.each(pipelines)("of $name run after their prerequisites", ({ phases }) => {
    const order = passesOf(phases).map(({ name }) => name);
    for (const { name, after = [] } of passesOf(phases)) {
      for (const prerequisite of after.filter((each) => order.includes(each)))
        expect(order.indexOf(prerequisite), `${prerequisite} before ${name}`).toBeLessThan(order.indexOf(name));
    }
  });

  test("of every pipeline begin with canonicalization, and phases have unique names in it", () => {
    for (const { phases } of pipelines) {
      const names = phases.map(({ name }) => name);
      expect(names).toContain("canonicalize");
      expect(new Set(names).size).toBe(names.length);
    }
  });
});

test("the gradient of tanh has the form that tanh-gradient matches", () => {
  const b = graphBuilder("tanh");
  const x = b.input("x", { dtype: "float32", shape: [3] });
  const graph = differentiate(b.finish([b.sum(b.tanh(x))]), 0, [0]);
  const producers = producersOf(graph);
  const matches = graph.nodes
    .flatMap(({ outputs }) => outputs)
    .map((value) => matchTanhGradient(value, (v) => producers.get(v)));
  expect(matches.filter((y) => y !== undefined).map((y) => y && producers.get(y)?.op)).toEqual(["Tanh"]);
});

/** x + 0 + 0 + … */
function sumOfZeros(count: number): Graph {
  const b = graphBuilder("zeros");
  let value = b.input("x", { dtype: "float32", shape: [2] });
  for (let index = 0; index < count; index++) value = b.add(value, 0);
  return b.finish([value]);
}

/** Removes the last node of a graph that has several. */
const dropLast: Pass = {
  name: "drop-last",
  description: "",
  run(graph) {
    const nodes = graph.nodes.slice(0, -1);
    return graph.nodes.length > 2 ? { ...graph, nodes, outputs: [at(at(nodes, nodes.length - 1).outputs, 0)] } : graph;
  },
};

describe("a phase", () => {
  const runs = (until: "once" | "fixpoint", graph: Graph) => {
    const log: number[] = [];
    runPasses(graph, [phase("drop", [dropLast], { until })], context, {
      onPass: ({ after }) => log.push(after.nodes.length),
    });
    return log;
  };

  test("runs its passes once, or until none changes the graph", () => {
    expect(runs("once", sumOfZeros(3))).toEqual([3]);
    expect(runs("fixpoint", sumOfZeros(3))).toEqual([3, 2, 2]);
  });

  test("without a fixpoint is an error", () => {
    expect(() => runs("fixpoint", sumOfZeros(40))).toThrow("drop reaches no fixpoint of zeros in 20 rounds");
  });

  test("checks the legality of its output, unless a pass of it is disabled", () => {
    const b = graphBuilder("identity");
    const graph = b.finish([b.identity(b.input("x", { dtype: "float32", shape: [2] }))]);
    const pipeline = [phase("legal", [dropLast], { legality: [noIdentity] })];
    expect(() => runPasses(graph, pipeline, context)).toThrow(
      "after legal, in identity: Identity is illegal: no Identity",
    );
    expect(runPasses(graph, pipeline, context, { disabledPasses: ["drop-last"] })).toBe(graph);
  });
});

describe("a pipeline", () => {
  const passesRun = (stopAfter?: string) => {
    const log: string[] = [];
    runPasses(sumOfZeros(2), stepPasses, context, { stopAfter, onPass: ({ pass }) => log.push(pass) });
    return log;
  };

  test("ends after the first run of a pass, or after a phase", () => {
    expect(passesRun("simplify")).toEqual(["constant-fold", "simplify"]);
    expect(passesRun("canonicalize")).not.toContain("lerp");
    expect(passesRun("expose-invariants").at(-1)).toBe("distribute");
    expect(passesRun().at(-1)).toBe("unroll-small-loops");
  });

  test("does not run a pass again on a graph that it left unchanged", () => {
    expect(passesRun().filter((name) => name === "constant-fold").length).toBeLessThan(3);
  });
});

describe("legality", () => {
  test("covers loop bodies", () => {
    const b = graphBuilder("ids");
    const ids = b.input("ids", { dtype: "int64", shape: [2] });
    const graph = b.finish([b.cast(ids, "float32"), b.add(ids, ids)]);
    expect(() => checkLegality(graph, [noInt64], "int32")).toThrow("Add is illegal: no int64 except in Range");
    expect(() => checkLegality(graph, [noStaticLoops], "unroll")).not.toThrow();
  });
});
