/** The snippets of an exported model run, and print the run's predictions. */
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { ExportForm } from "../../../compiler/export/options.js";
import { exportModel } from "../../../runtime/export/index.js";
import { predictRun } from "../../../runtime/predict/predict-run.js";
import { serveFolder } from "../../../runtime/web/static-server.js";
import { chromiumPath, openBrowser, openPage, withChromium } from "../../support/browser.js";
import { expectCsharpPrints, withDotnet } from "../../support/csharp.js";
import { ctcExample, outputsExample, type SpecExample, specExamples } from "../../support/page-specs.js";
import { trainSpec } from "../../support/training-runs.js";

const root = join(import.meta.dirname, "../../..");

/** A trained run with exported snippets, and the output of the one for Node, which the one in C# prints too. */
async function exportSnippets(example: SpecExample, form: ExportForm = "sequence", unroll: number | null = null) {
  const { out, folder } = await trainSpec(example.spec, example.files);
  const outcome = await exportModel({ run: out, out: join(folder, "my model.onnx"), form, unroll, snippets: true });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const program = (extension: string) => join(folder, `my model.use.${extension}`);
  const { stdout } = spawnSync(process.execPath, [program("mjs")], { encoding: "utf8" });
  expectCsharpPrints(program("cs"), stdout);
  return { out, folder, program, printed: stdout.trimEnd(), names: outcome.value.files.map(({ name }) => name) };
}

async function predicted(out: string, folder: string, name: string, content: string) {
  writeFileSync(join(folder, name), content);
  const outcome = await predictRun({
    run: out,
    input: name,
    output: "predictions.json",
    folder,
    beam: null,
    device: "cpu",
  });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  return JSON.parse(readFileSync(join(folder, "predictions.json"), "utf8")).at(-1);
}

const hasPackages = (python: readonly string[]) => spawnSync("python3", python).status === 0;
const python = hasPackages(["-c", ""]);
const pythonRuns = python && hasPackages(["-c", "import onnxruntime, numpy"]);

/** Checks the syntax of a Python program, and returns its output if it can run. */
function python3(program: string): string | null {
  if (!python) return null;
  execFileSync("python3", ["-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())", program]);
  return pythonRuns ? execFileSync("python3", [program], { encoding: "utf8" }).trimEnd() : null;
}

describe(`the programs${withDotnet}`, () => {
  test("continue a text, unit by unit", async () => {
    const { out, folder, printed, names, program } = await exportSnippets(specExamples.text);
    const { prediction } = await predicted(out, folder, "in.txt", "row, y\n");
    expect(printed).toBe(prediction);
    expect(names).toEqual([
      "my model.onnx",
      ...["mjs", "html", "py", "cs"].map((extension) => `my model.use.${extension}`),
    ]);
    const stdout = python3(program("py"));
    if (stdout !== null) expect(stdout).toBe(prediction);
    expect(readFileSync(program("cs"), "utf8").replace(/rnnx [\d.]+\. /, "rnnx. ")).toMatchInlineSnapshot(`
      "// Runs my model.onnx, the model row exported by rnnx. Requires: dotnet add package Microsoft.ML.OnnxRuntime
      using System.Text.Json;
      using Microsoft.ML.OnnxRuntime;
      using Microsoft.ML.OnnxRuntime.Tensors;

      using var session = new InferenceSession("my model.onnx");
      var metadata = session.ModelMetadata.CustomMetadataMap;
      var vocabulary = JsonSerializer.Deserialize<List<string>>(metadata["rnnx.data.vocabulary"])!;
      var ids = "row, y".EnumerateRunes().Select(rune => rune.ToString()).Select(unit => vocabulary.IndexOf(unit)).ToArray();
      if (ids.Any(id => id < 0 || id >= 19)) throw new ArgumentException("An id is outside of the vocabulary.");
      var names = vocabulary;

      using var results = session.Run(new List<NamedOnnxValue>
      {
          NamedOnnxValue.CreateFromTensor("inputs", new DenseTensor<int>(ids, new[] { 1, ids.Length })),
      });
      var output = results.First(value => value.Name == "classes").AsEnumerable<long>();
      Console.WriteLine(string.Join("", output.Select(id => names[(int)id])));
      "
    `);
  });

  test("refuse an id outside of the vocabulary, and a unit that has none", async () => {
    const failureOf = (file: string, from: RegExp, to: string) => {
      const code = readFileSync(file, "utf8");
      expect(code).toMatch(from);
      writeFileSync(file, code.replace(from, to));
      const { status, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8" });
      return status === 0 ? "" : stderr;
    };
    const refusal = "RangeError: An id is outside of the vocabulary.";
    const text = await exportSnippets(specExamples.text);
    expect(failureOf(text.program("mjs"), /\[\.\.\."row, y"\]/, '[..."row, z"]')).toContain(refusal);
    const data = { type: "arrays", inputs: [[0, 1, 2]], targets: [[1, 2, 0]] };
    const model = [{ layer: "one_hot" }, { layer: "rnn", cell: "gru", hidden_size: 2 }, { layer: "dense", size: 3 }];
    const spec = { name: "ids", data, model, loss: { type: "sequence_loss" }, train: { steps: 1 } };
    for (const id of ["3", "-1"]) {
      const ids = await exportSnippets({ ...specExamples.text, spec });
      expect(failureOf(ids.program("mjs"), /const ids = \[0,/, `const ids = [${id},`)).toContain(refusal);
      if (python === false || !pythonRuns) continue;
      const file = ids.program("py");
      writeFileSync(file, readFileSync(file, "utf8").replace("ids = [0", `ids = [${id}`));
      expect(spawnSync("python3", [file], { encoding: "utf8" }).stderr).toContain("outside of the vocabulary");
    }
  });

  test("normalize a text as in training", async () => {
    const { spec, files } = specExamples.sequences;
    const data = { ...spec.data, text: { normalize: "NFC", lowercase: true, punctuation: "split" } };
    const { out, folder, program } = await exportSnippets({
      ...specExamples.sequences,
      spec: { ...spec, data },
      files,
    });
    const raw = "  GOOD, friend!\t See you…";
    const expected = await predicted(out, folder, "in.jsonl", `${JSON.stringify({ text: raw })}\n`);
    const best = expected.label;
    const changed = (file: string, text: RegExp, to: string) => {
      const code = readFileSync(file, "utf8");
      expect(code).toMatch(text);
      writeFileSync(file, code.replace(text, to));
    };
    changed(program("mjs"), /\("[^"]*"(?=\.normalize)/, `(${JSON.stringify(raw)}`);
    expect(spawnSync(process.execPath, [program("mjs")], { encoding: "utf8" }).stdout.trimEnd()).toBe(best);
    changed(program("py"), /^text = ".*"$/m, `text = ${JSON.stringify(raw)}`);
    const stdout = python3(program("py"));
    if (stdout !== null) expect(stdout).toBe(best);
    changed(program("cs"), /^var text = ".*";$/m, `var text = ${JSON.stringify(raw)};`);
    expectCsharpPrints(program("cs"), best);
    const csharp = readFileSync(program("cs"), "utf8").split("\n");
    const start = csharp.findIndex((line) => line.startsWith("var text = "));
    expect(csharp[1]).toBe("using System.Text;");
    expect(csharp.slice(start + 1, start + 4)).toEqual([
      "text = text.Normalize(NormalizationForm.FormC);",
      'text = string.Concat(text.EnumerateRunes().Select(rune => rune.Value == 0x130 ? "i\\u0307" : Rune.ToLowerInvariant(rune).ToString()));',
      'text = string.Concat(text.EnumerateRunes().Select(rune => Rune.IsPunctuation(rune) || Rune.IsSymbol(rune) ? $" {rune} " : rune.ToString()));',
    ]);
    expect(csharp[start + 4]).toContain("text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)");
  });

  test("read step by step, states going on", async () => {
    const { out, folder, printed, program } = await exportSnippets(specExamples.text, "step");
    expect(printed).toBe((await predicted(out, folder, "in.txt", "row, y\n")).next);
    const stdout = python3(program("py"));
    if (stdout !== null) expect(stdout).toBe(printed);
  });

  test("let a model write that draws for itself", async () => {
    const { printed, program } = await exportSnippets(specExamples.text, "generate");
    expect(printed).toMatch(/^[\w ,\n]{38,40}$/);
    const stdout = python3(program("py"));
    if (stdout !== null) expect(stdout).toBe(printed);
  });

  test("give as many steps as are laid out", async () => {
    const { out, folder, printed } = await exportSnippets(specExamples.text, "sequence", 8);
    expect(printed).toBe((await predicted(out, folder, "in.txt", "row, yub\n")).prediction);
  });

  test("foretell in the data's own units", async () => {
    const { out, folder, printed, program } = await exportSnippets(specExamples.table);
    const [row] = /\[[\d.,]+\]/.exec(readFileSync(program("mjs"), "utf8")) ?? [];
    const rows = Array(4).fill(JSON.parse(row ?? "[]").join(","));
    const { wave } = await predicted(out, folder, "in.csv", `wave,count\n${rows.join("\n")}\n`);
    expect(printed).toMatch(/^wave: /);
    expect(Number(printed.slice(6))).toBeCloseTo(wave, 3);
    const stdout = python3(program("py"));
    if (stdout !== null) expect(stdout).toContain("{'wave': ");
  });

  test("name the class of a sequence", async () => {
    const { out, folder, printed, program } = await exportSnippets(specExamples.sequences);
    const text = "good morning see you soon my";
    expect(readFileSync(program("mjs"), "utf8")).toContain(text);
    expect(printed).toBe((await predicted(out, folder, "in.jsonl", `{"text":"${text}"}\n`)).label);
    const stdout = python3(program("py"));
    if (stdout !== null) expect(stdout).toBe(printed);
  });

  test("print every output of a model with several", async () => {
    const { out, folder, printed, program } = await exportSnippets(outputsExample);
    const code = readFileSync(program("mjs"), "utf8");
    const row: readonly number[] = JSON.parse(/fill\((\[.*?\])\)/.exec(code)?.[1] ?? "[]");
    const expected = await predicted(out, folder, "in.csv", `width,length\n${row.join(",")}\n`);
    const [kind, area, edge, ...rest] = printed.split("\n").map((line) => line.split(": "));
    expect([kind, rest]).toEqual([["kind", expected.kind], []]);
    expect([area?.slice(0, -1), edge?.[0]]).toEqual([["area", "area"], "edge"]);
    expect(Number(area?.at(-1))).toBeCloseTo(expected.area_area, 4);
    expect(Number(edge?.[1])).toBeCloseTo(expected.area_edge, 4);
    const stdout = python3(program("py"));
    if (stdout !== null) {
      expect(stdout).toContain(`kind: ${expected.kind}`);
      const [, numbers = ""] = /area: (\{.*\})/.exec(stdout) ?? [];
      const values = JSON.parse(numbers.replaceAll("'", '"'));
      expect(values.area).toBeCloseTo(expected.area_area, 4);
      expect(values.edge).toBeCloseTo(expected.area_edge, 4);
    }
    const csharp = readFileSync(program("cs"), "utf8");
    expect(csharp.slice(csharp.indexOf("});") + 4)).toMatchInlineSnapshot(`
      "{
          var names = JsonSerializer.Deserialize<JsonElement>(metadata["rnnx.data.targets"]).GetProperty("kind").GetProperty("classes").Deserialize<List<string>>()!;
          var output = results.First(value => value.Name == "kind/classes").AsEnumerable<long>();
          Console.Write("kind: ");
          Console.WriteLine(string.Join(" ", output.Select(id => names[(int)id])));
      }
      {
          var names = JsonSerializer.Deserialize<JsonElement>(metadata["rnnx.data.targets"]).GetProperty("area").GetProperty("target").Deserialize<List<string>>()!;
          var output = results.First(value => value.Name == "area/outputs").AsEnumerable<float>();
          Console.Write("area: ");
          Console.WriteLine(string.Join("\\n", output.TakeLast(names.Count).Zip(names, (value, name) => $"{name}: {value}")));
      }
      "
    `);
  });

  test("print every output of a model that reads step by step", async () => {
    const data = { type: "arrays", inputs: [[[1], [2], [0]]], targets: { a: [[1, 0, 1]], b: [[[1], [2], [3]]] } };
    const model = [
      { layer: "rnn", cell: "gru", hidden_size: 2 },
      { layer: "dense", name: "a", size: 2 },
      { layer: "dense", name: "b", from: "rnn", size: 1 },
    ];
    const losses = [
      { type: "cross_entropy", from: "a", target: "a" },
      { type: "squared_error", target: "b" },
    ];
    const spec = { name: "steps", data, model, losses, train: { steps: 1 } };
    const [whole, steps] = [await exportSnippets({ spec }), await exportSnippets({ spec }, "step")];
    const last = (text: string) => text.split("\n").map((line) => line.split(/[,: ]+/).at(-1));
    expect(steps.printed).toMatch(/^a: [01]\nb: -?[\d.]+$/);
    expect(last(steps.printed).map(Number)[1]).toBeCloseTo(Number(last(whole.printed)[1]), 5);
    expect(last(steps.printed)[0]).toBe(last(whole.printed)[0]);
    const stdout = python3(steps.program("py"));
    if (stdout !== null) expect(stdout).toMatch(/^a: \[[01]\]\nb: \[/);
  });

  test("print what a decoder predicts", async () => {
    const { out, folder, printed, program } = await exportSnippets(specExamples.pairs);
    const { target } = await predicted(out, folder, "in.txt", "one two\n");
    expect(target).not.toBe("");
    expect(printed).toBe(target);
    const stdout = python3(program("py"));
    if (stdout !== null) expect(stdout).toBe(printed);
  });

  test("read numbers that have no names", async () => {
    const { printed, program } = await exportSnippets(specExamples.arrays);
    expect(printed).toBe("[ 0 ]");
    python3(program("py"));
  });

  /** The first line of a program that contains a text. */
  const lineWith = (file: string, text: string) =>
    readFileSync(file, "utf8")
      .split("\n")
      .find((line) => line.includes(text));

  const ids = [
    [3, 1, 2, 0, 1, 2],
    [0, 1, 2, 3, 0, 1],
  ];
  const reader = (name: string, from: string) => ({ layer: "rnn", name, from, cell: "gru", hidden_size: 3 });
  const arrays = (data: object, ...model: object[]): SpecExample => ({
    spec: { data: { type: "arrays", ...data }, model, loss: { type: "cross_entropy" }, train: { steps: 3 } },
  });
  const classOf = async (out: string, folder: string, content: object) =>
    (await predicted(out, folder, "in.json", JSON.stringify(content))).class;

  test.each<ExportForm>(["sequence", "step"])("read token ids, as the %s form", async (form) => {
    const example = arrays(
      { inputs: ids, targets: [1, 0] },
      { layer: "embedding", size: 4 },
      { ...reader("a", "embedding"), return: "last" },
      { layer: "dense", size: "classes" },
    );
    const { out, folder, printed, program } = await exportSnippets(example, form);
    expect(printed).toBe(`[ ${await classOf(out, folder, [[0, 1, 2, 3, 0, 1]])} ]`);
    expect(lineWith(program("cs"), "ids =")).toBe("var ids = new[] { 0, 1, 2, 3, 0, 1 };");
    const stdout = python3(program("py"));
    if (stdout !== null) expect(JSON.parse(stdout)).toEqual(JSON.parse(printed));
  });

  test("read several inputs: the main one, and zeros", async () => {
    const example = arrays(
      { inputs: { question: ids, context: [[[1, 2]], [[3, 4]]] }, targets: [1, 0] },
      { layer: "embedding", name: "words", from: "question", size: 4 },
      { ...reader("a", "words"), return: "last" },
      { ...reader("b", "context"), return: "last" },
      { layer: "concat", from: ["a", "b"] },
      { layer: "dense", size: "classes" },
    );
    const { out, folder, printed, program } = await exportSnippets(example);
    const context = [Array.from({ length: 6 }, () => [0, 0])];
    expect(printed).toBe(`[ ${await classOf(out, folder, { question: [[0, 1, 2, 3, 0, 1]], context })} ]`);
    python3(program("py"));
  });

  test("print the labels of a ctc model", async () => {
    const { out, folder, printed, program } = await exportSnippets({
      spec: {
        ...ctcExample.spec,
        data: {
          ...ctcExample.spec.data,
          inputs: ctcExample.spec.data.inputs.map((steps) => steps.map(() => [0])),
          // The labels 1 and 2, padded with the blank 0, as 0 and 1, padded with the blank 2.
          targets: ctcExample.spec.data.targets.map((labels) => labels.map((label) => (label + 2) % 3)),
        },
        loss: { type: "ctc", blank: "last" },
        train: { steps: 2, batch_size: "all" },
      },
    });
    const [, time] = /Array\((\d+)\)\.fill/.exec(readFileSync(program("mjs"), "utf8")) ?? [];
    const inputs = [Array.from({ length: Number(time) }, () => [0])];
    const { labels } = await predicted(out, folder, "in.json", JSON.stringify({ inputs, lengths: [Number(time)] }));
    expect(JSON.parse(printed)).toEqual(labels);
    expect(lineWith(program("cs"), "var output")).toContain("id != 2");
    const stdout = python3(program("py"));
    if (stdout !== null) expect(JSON.parse(stdout)).toEqual(labels);
  });

  test("truncate a text to the steps of training", async () => {
    const { spec, files } = specExamples.sequences;
    const example = { spec: { ...spec, data: { ...spec.data, max_length: 2 } }, files };
    const { out, folder, printed, program } = await exportSnippets(example);
    const code = readFileSync(program("mjs"), "utf8");
    expect(code).toContain('("good morning".match(/\\S+/g) ?? []).slice(0, 2)');
    expect(printed).toBe((await predicted(out, folder, "in.jsonl", '{"text":"good morning see you"}\n')).label);
    const stdout = python3(program("py"));
    if (stdout !== null) expect(stdout).toBe(printed);
  });

  test("have ids for bytes that are no characters of ASCII", async () => {
    const { spec } = specExamples.text;
    const data = { ...spec.data, text: "мама мыла раму".replaceAll(" ", ""), unit: "byte" };
    const { printed, program } = await exportSnippets({ spec: { ...spec, data, train: { steps: 2 } } });
    expect(readFileSync(program("mjs"), "utf8")).toContain("const ids = [0,1,2,3,4,5];");
    expect(printed.length).toBeGreaterThan(0);
  });

  test.skipIf(chromiumPath === undefined)(`run in a browser${withChromium}`, async () => {
    const { folder, printed } = await exportSnippets(specExamples.text);
    const site = join(folder, "site");
    const runtime = join(site, "node_modules/onnxruntime-web/dist");
    mkdirSync(runtime, { recursive: true });
    const from = dirname(createRequire(import.meta.url).resolve("onnxruntime-web/wasm"));
    for (const file of readdirSync(from)) {
      if (/^ort(\.wasm\.bundle\.min\.mjs|-wasm-simd-threaded\.wasm)$/.test(file))
        copyFileSync(join(from, file), join(runtime, file));
    }
    for (const file of ["my model.onnx", "my model.use.html"]) copyFileSync(join(folder, file), join(site, file));
    // Every browser requests the icon.
    writeFileSync(join(site, "favicon.ico"), "");
    const [server, browser] = await Promise.all([serveFolder(site, 0), openBrowser()]);
    onTestFinished(async () => {
      await browser.close();
      server.close();
    });
    const { page, errors } = await openPage(browser, `${server.address}my%20model.use.html`);
    await expect.poll(() => page.locator("output").textContent(), { timeout: 20_000 }).toBe(printed);
    expect(errors).toEqual([]);
  });
});
