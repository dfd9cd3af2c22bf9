import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { modelBytes } from "../../support/onnx-models.js";
import { launch, records, rnnx, temporaryFolder } from "../../support/spawn.js";

test("the parameters of a spec are listed and counted", async () => {
  const { code, stdout } = await rnnx("inspect", "specs/ship.json", "--json");
  const [result] = records(stdout);
  expect(code).toBe(0);
  expect(result).toMatchObject({ event: "result", parameters: { total: 10850, trainable: 10850 } });
  expect(Object.keys(result ?? {})).toEqual(expect.arrayContaining(["parameters", "flops", "memory", "layers"]));
});

test("shared weights are counted once", async () => {
  const { stdout } = await rnnx("inspect", "specs/ship-tied.json", "--json");
  expect(records(stdout)[0]).toMatchObject({ parameters: { total: 5750 } });
});

test("text output is a table", async () => {
  const { stdout } = await rnnx("inspect", "specs/hihello.json");
  expect(stdout).toMatch(/^hihello\n\nname +layer +output +parameters +FLOPs\n/);
  expect(stdout).toContain("rnn/0/W  [5, 20]         100");
});

test("a stage prints as text and as DOT", async () => {
  const [text, dot] = await Promise.all([
    rnnx("inspect", "specs/hello.json", "--stage", "forward"),
    rnnx("inspect", "specs/hello.json", "--stage", "forward", "--format", "dot"),
  ]);
  expect(text.stdout).toMatch(/^graph hello\n/);
  expect(dot.stdout).toMatch(/^digraph /);
});

test("a cell is explained; the layer name selects its first cell", async () => {
  const [cell, first] = await Promise.all([
    rnnx("inspect", "specs/ship.json", "--explain", "rnn/1", "--set", "train.batch_size=20", "--json"),
    rnnx("inspect", "specs/minimal-gated.json", "--explain", "rnn"),
  ]);
  expect(records(cell.stdout)[0]).toMatchObject({
    ...{ event: "result", name: "rnn/1", cell: "lstm", input_size: 25, hidden_size: 25, hoisted: ["a = x @ W + b"] },
    backward: { operations: 7 },
  });
  expect(first.stdout).toMatch(/^rnn\/0: minimal_gated\ninput_size 25, hidden_size 25\n/);
  const missing = await rnnx("inspect", "specs/ship.json", "--explain", "rnn/2");
  expect(missing).toMatchObject({ code: 2, stdout: "" });
  expect(missing.stderr).toContain('the model has no cell, layer, block, loss or metric "rnn/2"');
});

test("--recurrence chooses the form of linear recurrences, and needs a graph or an explanation", async () => {
  const explained = (...flags: readonly string[]) =>
    rnnx("inspect", "specs/hello.json", "--explain", "rnn/0", "--set", "model.1.cell=mingru", ...flags);
  const [scan, loop, without, refused] = await Promise.all([
    explained("--recurrence", "scan"),
    explained("--recurrence", "loop"),
    rnnx("inspect", "specs/hello.json", "--explain", "rnn/0", "--recurrence", "scan"),
    rnnx("inspect", "specs/hello.json", "--recurrence", "scan"),
  ]);
  expect(without).toMatchObject({ code: 2, stdout: "" });
  expect(without.stderr).toContain("--recurrence scan has no effect: the cell");
  expect(scan.stdout).toMatch(/recurrences .*\n {2}h: scan; linear by entry \(loop .* ms, scan .* ms/);
  expect(loop.stdout).toContain("h: loop; linear by entry");
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.stderr).toContain("--recurrence needs --stage, --passes or --explain");
});

test.each([
  ["specs/minimal-gated.json", "rnn"],
  ["specs/ship.json", "relu"],
])("no line of an explanation ends with blanks: %s, %s", async (spec, name) => {
  const { code, stdout } = await rnnx("inspect", spec, "--explain", name);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^(parameters|equations)$/m);
  expect(stdout).not.toMatch(/ $/m);
});

test("a layer is explained by its equations, a block by its layers", async () => {
  const inspected = (name: string) => rnnx("inspect", "templates/gpt-characters.json", "--explain", name);
  const [layer, block, missing, kind] = await Promise.all(
    ["transformer/0/attention", "transformer/1", "tranformer", "add"].map(inspected),
  );
  expect(kind?.stdout).toMatch(/^transformer\/0\/\S+: add\n/);
  expect(layer?.stdout).toContain("s[h, i, j] = q[i, h] · k[j, h] / √16       [batch, 4, time, time]");
  expect(block?.stdout).toContain("residual_2    add         residual, dense_2");
  expect(missing).toMatchObject({ code: 2, stdout: "" });
  expect(missing?.stderr).toContain('Did you mean "transformer"?');
});

test("the optimizer and the schedule are explained by their equations", async () => {
  const spec = JSON.parse(readFileSync("specs/hihello.json", "utf8"));
  const file = join(temporaryFolder(), "steps.json");
  const optimizers = { signs: { slots: { m: 0 }, equations: ["m' = 0.9 * m + g", "p' = p - rate * sign(m')"] } };
  const optimizer = { type: "signs", learning_rate: 0.01, schedule: { type: "cosine_decay", decay_steps: 9 } };
  writeFileSync(file, JSON.stringify({ ...spec, $schema: undefined, optimizers, optimizer }));
  const [own, schedule, missing] = await Promise.all([
    rnnx("inspect", file, "--explain", "signs"),
    rnnx("inspect", file, "--explain", "schedule", "--json"),
    rnnx("inspect", file, "--explain", "optimiser"),
  ]);
  expect(own?.stdout).toContain(
    "  m' = 0.9 * m + g          [rows, columns]\n  p' = p - rate * sign(m')  [rows, columns]\n",
  );
  expect(own?.stdout).toContain("  m [size]  first 0\n");
  expect(records(schedule?.stdout ?? "")[0]).toMatchObject({
    schedule: "cosine_decay",
    options: { decay_steps: 9, minimum_ratio: 0 },
  });
  expect(missing).toMatchObject({ code: 2, stdout: "" });
  expect(missing?.stderr).toContain('Did you mean "optimizer"?');
});

test("an activation is explained by its equations, its gradient and its operators", async () => {
  const spec = JSON.parse(readFileSync("specs/hihello.json", "utf8"));
  const file = join(temporaryFolder(), "own.json");
  const activations = { squared_relu: { equations: ["r = relu(x)", "y = r ^ 2"] } };
  const layers = { scaled: { parameters: { g: ["input_size"] }, equations: ["y = x * exp(g)"] } };
  const model = [...spec.model, { layer: "scaled" }];
  writeFileSync(file, JSON.stringify({ ...spec, $schema: undefined, activations, layers, model }));
  const [layer, own, builtIn, missing] = await Promise.all([
    rnnx("inspect", file, "--explain", "scaled"),
    rnnx("inspect", file, "--explain", "squared_relu"),
    rnnx("inspect", file, "--explain", "silu", "--json"),
    rnnx("inspect", file, "--explain", "squared_rel"),
  ]);
  expect(layer?.stdout).toContain("equations\n  y = x * exp(g)  [batch, time, 5]\n\ngradient\n");
  expect(layer?.stdout).toContain("  dx = dy * exp(g)\n  dg = sum(dy * x, batch) * exp(g)\n");
  expect(own?.stdout).toContain("equations\n  r = relu(x)\n  y = r ^ 2\n");
  expect(own?.stdout).toContain("  t = dy * relu(x)\n  dx = (t + t) * where(x > 0, 1, 0)\n");
  expect(own?.stdout).toContain("  Relu, Mul");
  expect(records(builtIn?.stdout ?? "")[0]).toMatchObject({
    ...{ name: "silu", function: "silu(x)", equations: ["y = x * sigmoid(x)"], operators: ["Sigmoid", "Mul"] },
    gradient: ["dx = dy * sigmoid(x) + dy * x * sigmoid(x) * (1 - sigmoid(x))"],
  });
  expect(missing).toMatchObject({ code: 2, stdout: "" });
  expect(missing?.stderr).toContain('Did you mean "squared_relu"?');
});

test("the time of a forward pass is split among the layers", async () => {
  const { code, stdout } = await rnnx("inspect", "specs/spam.json", "--time", "--json");
  const { times } = records(stdout)[0] as { times: readonly number[] };
  expect(code).toBe(0);
  expect(times).toHaveLength(3);
  expect(times.every((share) => share >= 0)).toBe(true);
  expect(times.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
});

test("a closed pipe is not a failure", async () => {
  const { process: child, result } = launch(["inspect", "specs/ship.json", "--stage", "train"]);
  child.stdout.once("data", () => child.stdout.destroy());
  const { code, stderr } = await result;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
});

test("compiled models can be inspected; compile writes all files or none", async () => {
  const out = join(temporaryFolder(), "compiled");
  expect((await rnnx("compile", "specs/hello.json", "--out", out)).code).toBe(0);
  expect(readdirSync(out).sort()).toEqual(["eval.onnx", "manifest.json", "model.onnx", "stream.onnx", "train.onnx"]);
  const { stdout } = await rnnx("inspect", join(out, "train.onnx"), "--json");
  expect(records(stdout)[0]).toMatchObject({ event: "result", opsets: { "ai.onnx": 18 } });

  const bad = join(temporaryFolder(), "bad.json");
  writeFileSync(bad, "{");
  const absent = join(temporaryFolder(), "compiled");
  expect((await rnnx("compile", bad, "--out", absent)).code).toBe(2);
  expect(existsSync(absent)).toBe(false);
});

test("a file that is not a model is invalid input", async () => {
  const file = join(temporaryFolder(), "text.onnx");
  writeFileSync(file, "not a model");
  const [{ code, stderr }, option] = await Promise.all([
    rnnx("inspect", file),
    rnnx("inspect", file, "--recurrence", "loop"),
  ]);
  expect(code).toBe(2);
  expect(stderr).toContain("not an ONNX model");
  expect(option.stderr).toContain("--recurrence requires a spec or a run, not an ONNX file");
  expect((await rnnx("inspect", "test/fixtures/onnx/conv.onnx", "--device", "cuda")).stderr).toContain(
    "CUDA among them",
  );
});

test("the passes are listed with their phases and descriptions, without a subject", async () => {
  const [text, json] = await Promise.all([rnnx("inspect", "--passes"), rnnx("inspect", "--passes", "--json")]);
  expect(text.stdout).toMatch(/^forward +stages: prepared\n/);
  const [result] = records(json.stdout) as [{ pipelines: readonly Named[]; passes: readonly Named[] }];
  expect(result.pipelines.map(({ name }) => name)).toContain("step");
  expect(result.passes.find(({ name }) => name === "prepack-weights")).toMatchObject({ after: ["fuse-gemm"] });
});

interface Named {
  readonly name: string;
}

test("the passes that change a spec's graphs are listed, up to the one that ends the pipelines", async () => {
  const run = async (...flags: readonly string[]) => {
    const { stdout } = await rnnx("inspect", "specs/hihello.json", "--passes", "--json", ...flags);
    const [{ changes }] = records(stdout) as [{ changes: readonly { stage: string; pass: string }[] }];
    return changes.filter(({ stage }) => stage === "optimized").map(({ pass }) => pass);
  };
  const [all, upToSink, withoutHoist] = await Promise.all([
    run(),
    run("--stop-after", "sink"),
    run("--disable-pass", "hoist", "--disable-pass", "cse"),
  ]);
  expect(all).toContain("fuse-gemm");
  expect(upToSink).toEqual(all.slice(0, all.indexOf("sink") + 1));
  expect(withoutHoist).not.toContain("hoist");
  expect(withoutHoist).not.toContain("cse");
});

test("a stage prints without a disabled pass", async () => {
  const stage = (...flags: readonly string[]) =>
    rnnx("inspect", "specs/hihello.json", "--stage", "optimized", ...flags);
  const [whole, without] = await Promise.all([stage(), stage("--disable-pass", "fuse-gemm")]);
  const gemmCount = ({ stdout }: { readonly stdout: string }) => stdout.split("Gemm").length;
  expect(gemmCount(without)).toBeLessThan(gemmCount(whole));
});

test.each([
  [["--passes", "--disable-pass", "hosit"], 'there is no pass "hosit"', 'Did you mean "hoist"?'],
  [
    ["--passes", "--stop-after", "choose-kernel"],
    'there is no pass or phase "choose-kernel"',
    'mean "choose-kernels"?',
  ],
  [["--stop-after", "sink"], "--stop-after needs --stage or --passes", "Remove --stop-after, or add --stage."],
  [["--passes", "--stage", "step"], "--stage and --passes", ""],
])("%j is refused", async (flags, message, hint) => {
  const { code, stderr } = await rnnx("inspect", "specs/hihello.json", ...flags);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(stderr).toContain(hint);
});

test("a subject is needed for anything but the list of passes", async () => {
  expect(await rnnx("inspect")).toMatchObject({ code: 2, stdout: "" });
});

test("compile refuses initial values that are not finite, and writes nothing", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "mamba.json");
  const spec = {
    data: { type: "text", text: "abcabcabc", window: 3 },
    model: [{ layer: "one_hot" }, { layer: "rnn", cell: "mamba", hidden_size: 2, dt_min: 0 }, { layer: "projection" }],
    loss: { type: "sequence_loss" },
    optimizer: { type: "adam" },
  };
  writeFileSync(file, JSON.stringify(spec));
  const { code, stderr } = await rnnx("compile", file, "--out", join(folder, "compiled"));
  expect(code).toBe(2);
  expect(stderr.replaceAll("\n", " ")).toMatch(/initial-values.*rnn\/0\/d are not finite: log\(exp\(exp\(uniform\(/);
  expect(readdirSync(folder)).toEqual(["mamba.json"]);
});

test.each(["compile", "train"])("%s refuses an unknown pass", async (command) => {
  const out = join(temporaryFolder(), "out");
  const { code, stderr } = await rnnx(command, "specs/hihello.json", "--out", out, "--disable-pass", "fuse-gem");
  expect(code).toBe(2);
  expect(stderr).toContain('Did you mean "fuse-gemm"?');
});

test("a spec is printed with the values of the specs that it extends and of its variables", async () => {
  const folder = temporaryFolder();
  const shared = { ...JSON.parse(readFileSync("specs/hihello.json", "utf8")), variables: { seed: 5 }, seed: "$seed" };
  writeFileSync(join(folder, "base.json"), JSON.stringify(shared));
  writeFileSync(join(folder, "spec.json"), JSON.stringify({ extends: "base.json", train: { steps: 7 } }));
  const [text, record] = await Promise.all([
    rnnx("inspect", join(folder, "spec.json"), "--resolved", "--set", "variables.seed=6"),
    rnnx("inspect", join(folder, "spec.json"), "--resolved", "--json"),
  ]);
  const { $schema: _, name: __, ...rest } = shared;
  const { variables: ___, ...resolved } = { ...rest, train: { ...rest.train, steps: 7 } };
  expect(JSON.parse(text.stdout)).toEqual({ ...resolved, seed: 6 });
  expect(records(record.stdout)[0]).toMatchObject({ event: "result", name: "spec", spec: { ...resolved, seed: 5 } });
});

test("the times of an ONNX file's nodes, and mistakes of its inputs", async () => {
  const encoder = join("test", "fixtures", "onnx", "encoder.onnx");
  const spec = join("specs", "hello.json");
  const rows = join(temporaryFolder(), "rows.csv");
  writeFileSync(rows, "a,b,c,d,e,f\n1,2,0,1,2,0\n0,1,1,1,0,2\n");
  const [ofRows, missing, times, noFile, unknown, misplaced] = await Promise.all([
    rnnx("inspect", encoder, "--time", "--data", rows, "--columns", "ids=a,b,c,d,e,f", "--json"),
    rnnx("inspect", encoder, "--time", "--data", rows),
    rnnx("inspect", encoder, "--time", "--json"),
    rnnx("inspect", encoder, "--time", "--data", "none.npz"),
    rnnx("inspect", encoder, "--time", "--dim", "rows=2"),
    rnnx("inspect", spec, "--time", "--dim", "rows=2"),
  ]);
  const [result] = records(times.stdout) as unknown as readonly {
    readonly layers: readonly { readonly share: number; readonly nodes: number; readonly flops: number | null }[];
    readonly nodes: readonly { readonly share: number; readonly milliseconds: number }[];
  }[];
  for (const shares of [result?.layers, result?.nodes])
    expect(shares?.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
  expect(result?.layers.every(({ flops }) => flops !== null)).toBe(true);
  expect(records(ofRows.stdout)[0]).toMatchObject({ event: "result", inputs: { ids: [2, 6] } });
  expect(missing.stderr.replace(/\s+/g, " ")).toContain("--columns ids=COLUMN,COLUMN,COLUMN,COLUMN,…");
  expect([noFile, unknown, misplaced].map(({ code }) => code)).toEqual([2, 2, 2]);
  expect(noFile.stderr).toContain("none.npz");
  expect(unknown.stderr).toContain('No axis of an input is named "rows"');
  expect(misplaced.stderr).toContain("--dim requires --time and an ONNX file");
});

test("a layer that ONNX Runtime computes in a node of another has no time", async () => {
  const file = join(temporaryFolder(), "conv.onnx");
  const model = modelBytes({
    inputs: { x: { shape: ["n", 1, 4, 4] } },
    initializers: { w: { shape: [1, 1, 3, 3], data: [1, 0, 1, 0, 1, 0, 1, 0, 1] } },
    nodes: [
      { operator: "Conv", name: "conv/Conv", inputs: ["x", "w"], outputs: ["h"] },
      { operator: "Relu", name: "act/Relu", inputs: ["h"], outputs: ["y"] },
    ],
    outputs: ["y"],
  });
  writeFileSync(file, model);
  const [text, record] = await Promise.all([
    rnnx("inspect", file, "--time"),
    rnnx("inspect", file, "--time", "--json"),
  ]);
  const [result] = records(record.stdout) as unknown as readonly {
    readonly layers: readonly { readonly layer: string; readonly merged: boolean; readonly milliseconds: number }[];
  }[];
  const merged = result?.layers.filter((layer) => layer.merged) ?? [];
  expect(merged).toHaveLength(1);
  expect(merged[0]).toMatchObject({ milliseconds: 0 });
  expect(text.stdout).toMatch(new RegExp(`^${merged[0]?.layer} .* merged `, "m"));
  expect(text.stdout).toContain("merged: ONNX Runtime computes the layer in other nodes");
});
