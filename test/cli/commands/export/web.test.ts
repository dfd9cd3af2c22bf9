/** `rnnx export --web` from the command line. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { launch, records, rnnx, temporaryFolder } from "../../../support/spawn.js";

const folder = temporaryFolder();
const run = join(folder, "run");

beforeAll(async () => {
  const spec = join(folder, "spec.json");
  const content = {
    name: "hihello",
    data: { type: "text", text: "hihello", window: 6 },
    model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: 5 }],
    loss: { type: "sequence_loss" },
    optimizer: { type: "adam", learning_rate: 0.1 },
    train: { steps: 20 },
  };
  writeFileSync(spec, JSON.stringify(content));
  await rnnx("train", spec, "--out", run, "--json");
});

test("writes a page, and prints its content and how to serve it", async () => {
  const web = join(folder, "page");
  const { code, stdout, stderr } = await rnnx("export", run, "--web", web);
  expect(code).toBe(0);
  expect(stdout).toMatch(/index\.html {2}and \d+ more files, [\d.]+ MiB\n$/);
  expect(stderr).toContain("--no-samples omits them");
  expect(stderr).toContain("add --serve");
  expect(JSON.parse(readFileSync(join(web, "page.json"), "utf8"))).toMatchObject({ format: 1, name: "hihello" });
});

test("--json lists the files, with --out those of the model too", async () => {
  const web = join(folder, "other");
  const out = join(folder, "m.onnx");
  const { code, stdout } = await rnnx("export", run, "--web", web, "--out", out, "--no-snippets", "--json");
  expect(code).toBe(0);
  const [model, page] = records(stdout);
  expect(model).toMatchObject({ event: "result", out, files: [{ name: "m.onnx" }] });
  expect(page).toMatchObject({ event: "result", web });
  expect(page?.files).toContainEqual({ name: "train.onnx", bytes: expect.any(Number) });
});

test("serves the page until Ctrl-C", async () => {
  const web = join(folder, "served");
  const running = launch(["export", run, "--web", web, "--serve", "--json"]);
  const address = await new Promise<string>((resolve) => {
    let message = "";
    running.process.stdout.on("data", (text: string) => {
      message += text;
      const match = /"address":"([^"]+)"/.exec(message);
      if (match?.[1] !== undefined) resolve(match[1]);
    });
  });
  expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  expect(await (await fetch(address)).text()).toContain("Content-Security-Policy");
  running.process.kill("SIGINT");
  const { code, stdout } = await running.result;
  expect(code).toBe(130);
  expect(records(stdout).at(-1)).toEqual({ event: "serving", address });
});

test.each<[string, readonly string[], string]>([
  ["nothing to export", [run], "Name a file with --out, or a folder for a web page with --web."],
  ["--serve without a page", [run, "--serve", "--out", join(folder, "x")], "--serve requires --web"],
  ["a folder that is not a page", [run, "--web", folder], "is not a page"],
  ["a missing run", [join(folder, "nothing"), "--web", join(folder, "x")], "does not exist"],
])("%s is invalid input", async (_, flags, message) => {
  const { code, stdout, stderr } = await rnnx("export", ...flags);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(message);
  expect(existsSync(join(folder, "x"))).toBe(false);
});
