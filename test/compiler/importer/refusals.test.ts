/** Models that are refused: hostile, damaged, or beyond the rules. Each ends in a reason, soon and within bounded memory. */
import { readFileSync } from "node:fs";
import type { onnx } from "onnx-proto";
import { describe, expect, test } from "vitest";
import { importModel } from "../../../compiler/importer/index.js";
import { lowerings, refusedOperators } from "../../../compiler/importer/operators/index.js";
import {
  graphProto,
  modelBytes,
  nodeProto,
  type TestGraph,
  type TestNode,
  tensorProto,
} from "../../support/onnx-models.js";

const input = { x: { shape: ["batch", 4] } } as const;
const one = (node: Partial<TestNode> & Pick<TestNode, "operator">, more: Partial<TestGraph> = {}): TestGraph => ({
  inputs: input,
  nodes: [{ inputs: ["x"], outputs: ["y"], ...node }],
  outputs: ["y"],
  ...more,
});

const stored = (tensor: onnx.ITensorProto, operator = "Add"): Uint8Array => {
  const graph = graphProto(one({ operator, inputs: ["x", "w"] }));
  return modelBytes({ ...graph, initializer: [{ name: "w", ...tensor }] });
};

const withType = (elemType: number): Uint8Array => {
  const graph = graphProto(one({ operator: "Identity" }));
  return modelBytes({
    ...graph,
    input: [{ name: "x", type: { tensorType: { elemType, shape: { dim: [{ dimValue: 2 }] } } } }],
  });
};

const withFunction = (nodes: readonly TestNode[], more: readonly onnx.IFunctionProto[] = []): Uint8Array =>
  modelBytes(one({ operator: "f", domain: "own" }), 17, {
    opsetImport: [
      { domain: "", version: 17 },
      { domain: "own", version: 1 },
    ],
    functions: [{ domain: "own", name: "f", input: ["x"], output: ["y"], node: nodes.map(nodeProto) }, ...more],
  } as onnx.IModelProto);

/** A function that calls the one before it twice: 2^30 nodes. */
const doubling = (): Uint8Array =>
  withFunction(
    [{ operator: "f30", domain: "own", inputs: ["x"], outputs: ["y"] }],
    Array.from({ length: 31 }, (_, level) => ({
      domain: "own",
      name: `f${level}`,
      input: ["x"],
      output: ["y"],
      node: (level === 0
        ? [{ operator: "Relu", inputs: ["x"], outputs: ["y"] }]
        : [
            { operator: `f${level - 1}`, domain: "own", inputs: ["x"], outputs: ["a"] },
            { operator: `f${level - 1}`, domain: "own", inputs: ["a"], outputs: ["y"] },
          ]
      ).map((node) => nodeProto(node)),
    })),
  );

const truncated = modelBytes(one({ operator: "Relu" })).subarray(0, 40);
const branch = (outputs: readonly string[]) => graphProto({ nodes: [], outputs });

const models: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ["no bytes", new Uint8Array(), /has no graph/],
  ["text", new TextEncoder().encode("not a model at all"), /not an ONNX model/],
  ["a truncated file", truncated, /truncated|not an ONNX model/],
  ["opset 6", modelBytes(one({ operator: "Relu" }), 6), /opset 6/],
  ["opset 99", modelBytes(one({ operator: "Relu" }), 99), /opset 99/],
  ["no opset", modelBytes(one({ operator: "Relu" }), 17, { opsetImport: [] }), /no opset/],
  [
    "a domain of a vendor",
    modelBytes(one({ operator: "FusedGelu", domain: "com.microsoft" })),
    /domain com\.microsoft/,
  ],
  ["an unknown operator", modelBytes(one({ operator: "Frobnicate" })), /not an operator of ONNX/],
  ["a cyclic graph", modelBytes(one({ operator: "Add", inputs: ["x", "y"] })), /cyclic/],
  [
    "two nodes that read each other",
    modelBytes({
      inputs: input,
      nodes: [
        { operator: "Relu", inputs: ["b"], outputs: ["a"] },
        { operator: "Relu", inputs: ["a"], outputs: ["b"] },
      ],
      outputs: ["a"],
    }),
    /cyclic/,
  ],
  [
    "a value that is defined twice",
    modelBytes({
      inputs: input,
      nodes: [
        { operator: "Relu", inputs: ["x"], outputs: ["y"] },
        { operator: "Abs", inputs: ["x"], outputs: ["y"] },
      ],
      outputs: ["y"],
    }),
    /second time/,
  ],
  [
    "a function that calls itself",
    withFunction([{ operator: "f", domain: "own", inputs: ["x"], outputs: ["y"] }]),
    /recursive/,
  ],
  [
    "functions that call each other",
    withFunction(
      [{ operator: "g", domain: "own", inputs: ["x"], outputs: ["y"] }],
      [
        {
          domain: "own",
          name: "g",
          input: ["x"],
          output: ["y"],
          node: [nodeProto({ operator: "f", domain: "own", inputs: ["x"], outputs: ["y"] })],
        },
      ],
    ),
    /recursive/,
  ],
  ["functions with 2^30 nodes", doubling(), /200000 nodes/],
  [
    "a tensor that claims 2 GiB",
    stored({ dataType: 1, dims: [1 << 29], rawData: new Uint8Array(4) }),
    /needs 2147483648/,
  ],
  ["a tensor that claims 2^80 numbers", stored({ dataType: 1, dims: [2 ** 40, 2 ** 40] }), /is not a shape/],
  ["a tensor of negative size", stored({ dataType: 1, dims: [-4], rawData: new Uint8Array(4) }), /is not a shape/],
  ["a tensor with too few bytes", stored({ dataType: 1, dims: [4], rawData: new Uint8Array(12) }), /has 12 bytes/],
  ["a tensor with too few numbers", stored({ dataType: 7, dims: [4], int64Data: [1, 2] }), /2 numbers/],
  ["text", stored({ dataType: 8, dims: [1], stringData: [new Uint8Array([65])] }), /type string/],
  ["complex numbers", stored({ dataType: 14, dims: [1], rawData: new Uint8Array(8) }), /type complex64/],
  ["8-bit floats", stored({ dataType: 17, dims: [4], rawData: new Uint8Array(4) }), /type float8e4m3fn/],
  ["4-bit integers", stored({ dataType: 22, dims: [2], rawData: new Uint8Array(1) }), /type int4/],
  ["an unknown element type", stored({ dataType: 99, dims: [4], rawData: new Uint8Array(4) }), /type unknown/],
  ["an input of text", withType(8), /type string/],
  ["an input of complex numbers", withType(15), /type complex128/],
  [
    "an input of 2^62 numbers",
    modelBytes(one({ operator: "Relu" }, { inputs: { x: { shape: [2 ** 31, 2 ** 31] } } })),
    /2 GiB/,
  ],
  [
    "a constant of 2^40 numbers",
    modelBytes({
      inputs: input,
      initializers: { n: { dtype: "int64", shape: [2], data: [2 ** 20, 2 ** 20] } },
      nodes: [
        { operator: "ConstantOfShape", inputs: ["n"], outputs: ["c"] },
        { operator: "NonZero", inputs: ["c"], outputs: ["y"] },
      ],
      outputs: ["y"],
    }),
    /more than 8 GiB/,
  ],
  [
    "a range of 10^15 numbers",
    modelBytes({
      inputs: input,
      initializers: {
        a: { dtype: "int64", shape: [], data: [0] },
        n: { dtype: "int64", shape: [], data: [1e15] },
        s: { dtype: "int64", shape: [], data: [1] },
      },
      nodes: [
        { operator: "Range", inputs: ["a", "n", "s"], outputs: ["r"] },
        { operator: "Unique", inputs: ["r"], outputs: ["y"] },
      ],
      outputs: ["y"],
    }),
    /more than 8 GiB/,
  ],
  ["a missing operand", modelBytes(one({ operator: "Add" })), /lacks its input 1/],
  ["an omitted operand", modelBytes(one({ operator: "MatMul", inputs: ["x", ""] })), /lacks its input 1/],
  ["shapes that do not fit", modelBytes(one({ operator: "MatMul", inputs: ["x", "x"] })), /does not fit/],
  ["an axis beyond the rank", modelBytes(one({ operator: "Softmax", attributes: { axis: 7 } })), /axis 7 of 2/],
  [
    "a transposition that is none",
    modelBytes(one({ operator: "Transpose", attributes: { perm: [0, 0] } })),
    /not a permutation/,
  ],
  [
    "a shape that the data defines",
    modelBytes(
      one({ operator: "Reshape", inputs: ["x", "s"] }, { inputs: { ...input, s: { dtype: "int64", shape: [2] } } }),
    ),
    /computes its shape from the data/,
  ],
  ["an attribute without a rule", modelBytes(one({ operator: "Relu", attributes: { window: 3 } })), /attribute window/],
  [
    "a condition of the data",
    modelBytes(
      one(
        {
          operator: "If",
          inputs: ["c"],
          attributes: { then_branch: branch(["x"]), else_branch: branch(["x"]) },
        },
        { inputs: { ...input, c: { dtype: "bool", shape: [] } } },
      ),
    ),
    /computes its condition from the data/,
  ],
  [
    "a loop of 10^9 steps",
    modelBytes(
      one(
        { operator: "Loop", inputs: ["n", "", "x"], attributes: { body: branch([]) } },
        { initializers: { n: { dtype: "int64", shape: [], data: [1e9] } } },
      ),
    ),
    /1000000000 steps/,
  ],
  ["a Scan without a body", modelBytes(one({ operator: "Scan", attributes: { num_scan_inputs: 1 } })), /no graph body/],
  ["random numbers", modelBytes(one({ operator: "RandomNormalLike" })), /random numbers/],
  [
    "a kernel wider than its axis",
    modelBytes({
      inputs: { x: { shape: [1, 1, 2] } },
      initializers: { w: { shape: [1, 1, 3], data: [1, 2, 3] } },
      nodes: [{ operator: "Conv", inputs: ["x", "w"], outputs: ["y"] }],
      outputs: ["y"],
    }),
    /kernel of 3 on an axis of 2/,
  ],
  [
    "an input without a shape",
    modelBytes({
      ...graphProto(one({ operator: "Relu" })),
      input: [{ name: "x", type: { tensorType: { elemType: 1 } } }],
    }),
    /no shape/,
  ],
  [
    "an input that is a sequence",
    modelBytes({
      ...graphProto(one({ operator: "Relu" })),
      input: [{ name: "x" }],
    }),
    /not a tensor/,
  ],
  [
    "external data without a file",
    stored({
      dataType: 1,
      dims: [4],
      dataLocation: 1,
      externalData: [{ key: "location", value: "w.bin" }],
    } as onnx.ITensorProto),
    /another file/,
  ],
  [
    "two tensors of one name",
    modelBytes({
      ...graphProto(one({ operator: "Add", inputs: ["x", "w"] })),
      initializer: [1, 2].map((value) => tensorProto({ shape: [1], data: [value] }, "w")),
    }),
    /another tensor has its name/,
  ],
  [
    "a sparse tensor",
    modelBytes({
      ...graphProto(one({ operator: "Add", inputs: ["x", "w"] })),
      sparseInitializer: [{ values: { name: "w", dataType: 1, dims: [1], rawData: new Uint8Array(4) } }],
    } as onnx.IGraphProto),
    /sparse/,
  ],
  ...[...refusedOperators.keys()].map(
    (operator) => [`the operator ${operator}`, modelBytes(one({ operator })), /./] as const,
  ),
];

/** An operator of x [batch, 4] and of integers or of ones that the model stores, whose sizes do not fit. */
const misfits: readonly (readonly [string, TestGraph, RegExp])[] = [
  ["an index beyond an axis", misfit("Gather", { s: [9] }, { axis: 1 }), /index 9 on an axis of 4/],
  ["more largest entries than there are", misfit("TopK", { k: [9] }, {}), /9 largest of 4/],
  ["a reshape to other sizes", misfit("Reshape", { s: [-5, 4] }, {}), /other sizes/],
  ["two sizes to be found", misfit("Reshape", { s: [-1, -1] }, {}), /reshapes/],
  ["padding of 10^12", misfit("Pad", { p: [0, 1e12, 0, 0] }, {}), /more than 8 GiB/],
  ["padding that removes too much", misfit("Pad", { p: [0, -9, 0, 0] }, {}), /removes more/],
  ["10^12 copies", misfit("Tile", { s: [1, 1e12] }, {}), /more than 8 GiB/],
  ["an expansion to 10^18", misfit("Expand", { s: [1e9, 1e9, 1, 4] }, {}), /more than 8 GiB/],
  ["an expansion that does not fit", misfit("Expand", { s: [1, 3] }, {}), /does not expand/],
  ["one axis twice", misfit("Unsqueeze", { s: [1, 1] }, {}), /not 2 axes/],
  ["an axis of 4 squeezed", misfit("Squeeze", { s: [1] }, {}), /not all 1/],
  ["an axis 7 of 2", misfit("CumSum", { s: [7] }, {}), /axis 7 of 2/],
  ["a step of 0", misfit("Slice", { a: [0], e: [4], d: [1], s: [0] }, {}), /step of 0/],
  ["a split that does not add up", misfit("Split", { s: [1, 2] }, { axis: 1 }), /does not split/],
  ["a cast to no type", misfit("Cast", {}, { to: 999 }), /type 999/],
  ["an equation that does not fit", misfit("Einsum", {}, { equation: "((((" }), /does not fit/],
  ["channels in unequal blocks", misfit("DepthToSpace", {}, { blocksize: 2 }, ["n", 3, 2, 2]), /0\.75/],
  ["an output that nothing computes", { ...misfit("Relu", {}, {}), outputs: ["none"] }, /computed by no node/],
];

function misfit(
  operator: string,
  stored: Readonly<Record<string, readonly number[]>>,
  attributes: NonNullable<TestNode["attributes"]>,
  shape: readonly (number | string)[] = ["batch", 4],
): TestGraph {
  const initializers = Object.entries(stored).map(([name, data]) => {
    return [name, { dtype: "int64", shape: [data.length], data }] as const;
  });
  return {
    inputs: { x: { shape } },
    initializers: Object.fromEntries(initializers),
    nodes: [
      {
        operator,
        inputs: ["x", ...Object.keys(stored)],
        outputs: ["y", ...(operator === "Split" ? ["z"] : [])],
        attributes,
      },
    ],
    outputs: ["y"],
  };
}

describe("a model that is refused", () => {
  test("has one of at least 60 faults", () => {
    expect(models.length + misfits.length - refusedOperators.size).toBeGreaterThanOrEqual(60);
  });

  test.each([...models, ...misfits.map(([name, graph, reason]) => [name, modelBytes(graph), reason] as const)])(
    "%s ends in a reason",
    (_, bytes, reason) => {
      const before = process.memoryUsage().rss;
      const start = performance.now();
      const result = importModel(bytes);
      const messages = result.ok
        ? result.model.refused.map((refused) => `${refused.node} ${refused.operator} ${refused.reason}`)
        : [result.problem.message];
      expect(messages.join("\n")).toMatch(reason);
      if (result.ok) expect(result.model.outputs.every(({ value }) => value === undefined)).toBe(true);
      expect(performance.now() - start).toBeLessThan(2000);
      expect(process.memoryUsage().rss - before).toBeLessThan(500e6);
    },
  );

  test("has its operators on the page of the documentation", () => {
    const page = readFileSync(new URL("../../../docs/reference/onnx-operators.md", import.meta.url), "utf8");
    const [withRule = "", without = ""] = page.split("## Operators without a rule");
    const named = [...withRule.matchAll(/^\| (\w+) \| \d/gm)].map(([, name]) => name);
    expect(named.sort()).toEqual([...lowerings.keys()].sort());
    const refused = [...without.matchAll(/^\| [^|]+ \| ([^|]+) \|$/gm)].flatMap(([, names = ""]) => names.split(", "));
    expect(refused.filter((name) => /^[A-Z]/.test(name)).sort()).toEqual([...refusedOperators.keys()].sort());
  });

  test("has an operator in one of the two tables", () => {
    expect([...refusedOperators.keys()].filter((operator) => lowerings.has(operator))).toEqual([]);
  });
});
