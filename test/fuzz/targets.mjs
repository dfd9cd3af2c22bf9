/**
 * What reads bytes that others wrote. A target has seeds (files as they should be) and takes a file: it says whether it took
 * it, and throws only where rnnx is wrong. Of the built program: `npm run build` first.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { arrayFiles, dataTarget, expectProblems, from, root, runTarget } from "./folders.mjs";

const specs = () =>
  readdirSync(join(root, "specs"))
    .filter((name) => name.endsWith(".json"))
    .map((name) => readFileSync(join(root, "specs", name)));
const text = (...lines) => Buffer.from(lines.join("\n"));

const optimizer = { type: "sgd", learning_rate: 0.1 };
const dense = {
  optimizer,
  model: [
    { layer: "rnn", cell: "rnn", hidden_size: 2, return: "last" },
    { layer: "dense", size: 1 },
  ],
  loss: { type: "squared_error" },
};
const classes = {
  optimizer,
  model: [
    { layer: "embedding", size: 2 },
    { layer: "rnn", cell: "rnn", hidden_size: 2, return: "last" },
    { layer: "projection", size: "classes" },
  ],
  loss: { type: "cross_entropy" },
};
const arraysFrom = (file) => ({ ...dense, data: { type: "arrays", inputs: file, targets: [[1], [2]] } });
const signature = {
  inputs: { dtype: "float32", shape: ["batch", "time", 1] },
  targets: { dtype: "float32", shape: ["batch", 1] },
  sizes: {},
  expected: { batch: 2, time: 3 },
};

/** An equation of a cell about the names of the cell below, so that it has a meaning there. */
function inOwnWords(equation) {
  const [left, right] = equation.split(/ = /);
  const vectors = ["a", "h"];
  const renamed = right.replace(/(@ )?[A-Za-z_]\w*'?(?![\w']*\()/g, (_, product) => {
    if (product !== undefined) return `${product}U`;
    vectors.reverse();
    return vectors[0];
  });
  return `${left
    .split(",")
    .map((_, index) => `q${index}`)
    .join(", ")} = ${renamed}`;
}

function said(result) {
  if (!result.ok && !(typeof result.error === "string" && result.error !== ""))
    throw new Error("refused without a word");
  return result.ok;
}

export const targets = {
  /** Specs as text. */
  async spec() {
    const { readSpec } = await from("schema/read.js");
    return {
      isText: true,
      seeds: specs(),
      async take(bytes) {
        const result = await readSpec(bytes.toString("utf8"));
        if (!result.ok) expectProblems(result.diagnostics);
        return result.ok;
      },
    };
  },

  /** The equations of a cell, as far as the graph that they make. */
  async equations() {
    const [{ readSpec }, { check }] = await Promise.all([from("schema/read.js"), from("compiler/compile.js")]);
    const cells = join(root, "specs/cells");
    const equations = readdirSync(cells).flatMap((name) => JSON.parse(readFileSync(join(cells, name))).equations);
    const whole = ["q = where(a > 0, a, h)", "q = min(h, 1) - max(a, 0.5) / 2", "q = softmax(a * b) @ U"];
    return {
      isText: true,
      seeds: [...whole, ...equations.map(inOwnWords)].map((line) => Buffer.from(line)),
      async take(bytes) {
        const own = {
          state: { h: "hidden_size" },
          parameters: { W: ["input_size", "hidden_size"], U: ["hidden_size", "hidden_size"], b: ["hidden_size"] },
          equations: ["a = x @ W + b", bytes.toString("latin1").slice(0, 400), "h' = tanh(a + h @ U)"],
          output: "h'",
        };
        const model = [
          { layer: "rnn", cell: "own", hidden_size: 12, return: "last" },
          { layer: "dense", size: 1 },
        ];
        const read = await readSpec(JSON.stringify({ ...arraysFrom("x.npy"), cells: { own }, model }));
        if (!read.ok) expectProblems(read.diagnostics);
        const problems = read.ok ? check(read.spec, signature) : [];
        if (problems.length > 0) expectProblems(problems);
        return read.ok && problems.length === 0;
      },
    };
  },

  async safetensors() {
    const { readSafetensors, writeSafetensors } = await from("runtime/tensors/safetensors.js");
    const tensors = new Map([
      ["rnn/0/W", { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
      ["rnn/0/b", { shape: [3], data: Float32Array.of(0, 1, 2) }],
    ]);
    return { seeds: [writeSafetensors(tensors, { step: "1" })], take: (bytes) => said(readSafetensors(bytes)) };
  },

  async npy() {
    const { readNpy } = await from("runtime/data/formats/npy.js");
    return { seeds: [(await arrayFiles()).npy], take: (bytes) => said(readNpy(bytes)) };
  },

  async npz() {
    return dataTarget("x.npz", arraysFrom("x.npz"), [(await arrayFiles()).npz]);
  },

  async json_array() {
    return dataTarget("x.json", arraysFrom("x.json"), [text("[[[1], [2.5], [3]],", " [[4], [5], [6]]]")]);
  },

  async idx() {
    const { readIdx } = await from("runtime/data/formats/idx.js");
    const plain = Buffer.from([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8]);
    return { seeds: [plain, gzipSync(plain)], take: (bytes) => said(readIdx(bytes)) };
  },

  async csv() {
    const rows = ["# made by hand", "a,b,c", "1,2,3", '4,"5",6', "7,,9", "1,1,1", "2,2,2", "3,3,3"];
    const data = { type: "table", file: "t.csv", window: 2, target: ["a"], missing: "previous" };
    const weather = readFileSync(join(root, "specs/data/weather.csv")).subarray(0, 2000);
    return dataTarget("t.csv", { ...dense, data }, [text(...rows), weather]);
  },

  async jsonl() {
    const lines = ['{"text": "good day", "label": "kind"}', '{"text": "go away", "label": "rude"}'];
    return dataTarget("s.jsonl", { ...classes, data: { type: "sequences", file: "s.jsonl" } }, [text(...lines)]);
  },

  async text() {
    const spec = {
      optimizer,
      data: { type: "text", file: "t.txt", window: 4 },
      model: [{ layer: "one_hot" }, { layer: "projection" }],
      loss: { type: "sequence_loss" },
    };
    return dataTarget("t.txt", spec, [Buffer.from("hello wörld, hello you 🙂")]);
  },

  async onnx() {
    const [{ readModel }, { compile }, { readSpec }] = await Promise.all([
      from("compiler/onnx/read/model.js"),
      from("compiler/compile.js"),
      from("schema/read.js"),
    ]);
    const { spec } = await readSpec(JSON.stringify(arraysFrom("x.npy")));
    const { artifact } = await compile(spec, signature);
    return {
      seeds: [artifact.model, artifact.eval].map((bytes) => Buffer.from(bytes)),
      take(bytes) {
        const result = readModel(bytes);
        if (!result.ok) expectProblems([result.problem]);
        return result.ok;
      },
    };
  },

  /** A run directory one of whose files has been changed. */
  run: runTarget,
};
