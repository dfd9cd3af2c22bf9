import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { launch, records, rnnx, root, temporaryFolder } from "../../support/spawn.js";

const preload = ["--import", join(root, "test/cli/commands/report-native-runtime.mjs")];

function specFile(content: object | string): string {
  const file = join(temporaryFolder(), "spec.json");
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

const spec = {
  data: { type: "text", text: "hihello", unit: "char", window: 6 },
  model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: 5 }],
  loss: { type: "sequence_loss" },
  optimizer: { type: "adam" },
  train: { steps: 2 },
};

test("a valid spec passes without loading ONNX Runtime", async () => {
  const result = await launch(["validate", "specs/hihello.json"], preload).result;
  const stderr = "runtime loaded: false\n";
  expect(result).toEqual({ code: 0, signal: null, stdout: "specs/hihello.json is valid.\n", stderr });
});

test("a spec is called valid only where its data is in it", async () => {
  const { code, stdout } = await rnnx("validate", "specs/stock.json");
  const message = "no errors without its data files. To check those too: rnnx train specs/stock.json --dry-run";
  expect({ code, stdout }).toEqual({ code: 0, stdout: `specs/stock.json: ${message}\n` });
});

test("a loaded ONNX Runtime would be detected", async () => {
  const out = temporaryFolder();
  const { stderr } = await launch(["train", "specs/hello.json", "--steps", "1", "--out", out], preload).result;
  expect(stderr).toContain("runtime loaded: true");
});

test("an invalid spec is one record with all problems and their positions", async () => {
  const file = specFile({ ...spec, optimizer: { type: "adma" }, train: { stpes: 2 } });
  const { code, stdout, stderr } = await launch(["validate", file, "--json"], preload).result;
  expect({ code, stderr }).toEqual({ code: 2, stderr: "runtime loaded: false\n" });
  const [result, ...rest] = records(stdout);
  expect(rest).toEqual([]);
  expect(result).toMatchObject({ event: "result", valid: false });
  expect(JSON.stringify(result)).toContain('Did you mean \\"adam\\"?');
  expect(JSON.stringify(result)).toContain('Did you mean \\"steps\\"?');
});

test("incompatible layers are found without training", async () => {
  const file = specFile({ ...spec, model: [{ layer: "dense", size: 3 }] });
  const { code, stderr } = await rnnx("validate", file);
  expect(code).toBe(2);
  expect(stderr).toContain("The layer dense reads numbers, but its input is token ids [batch, time].");
});

test("a window longer than an inline text is an error", async () => {
  const { code, stderr } = await rnnx("validate", specFile({ ...spec, data: { ...spec.data, window: 7 } }));
  expect(code).toBe(2);
  expect(stderr).toContain("The text has 7 characters, but a window of 7 and the character after it need 8.");
});

test("data files are not opened", async () => {
  const text = specFile({ ...spec, data: { type: "text", file: "absent.txt", unit: "char", window: 6 } });
  const arrays = specFile({
    ...spec,
    data: { type: "arrays", inputs: "absent.npy", targets: "absent.npy" },
    model: [{ layer: "rnn", cell: "gru", hidden_size: 4, return: "last" }],
    loss: { type: "squared_error" },
  });
  const endings = await Promise.all([rnnx("validate", text), rnnx("validate", arrays)]);
  expect(endings.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
    { code: 0, stderr: "" },
    { code: 0, stderr: "" },
  ]);
});

test("a missing spec is invalid input", async () => {
  const { code, stderr } = await rnnx("validate", "nowhere.json");
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr:
      'error[file-missing]\n  "nowhere.json" does not exist.\n  Check the path, or write a spec with rnnx init; rnnx init --list lists the templates.\n\n1 error\n',
  });
});
