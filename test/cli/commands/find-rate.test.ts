/** `rnnx find-rate`: chart, records, image, and errors. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { records, rnnx } from "../../support/spawn.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

const spec = {
  data: { type: "text", text: "hihello", window: 6 },
  model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: 5 }],
  loss: { type: "sequence_loss" },
  optimizer: { type: "adam", schedule: { type: "cosine_decay", decay_steps: 5 }, average: { decay: 0.9 } },
};

function specFile(content: object = spec) {
  const folder = temporaryFolder();
  const file = join(folder, "hihello.json");
  writeFileSync(file, JSON.stringify(content));
  return { folder, file };
}

test("a chart with the suggested rate, and no file", async () => {
  const { folder, file } = specFile();
  const { code, stdout, stderr } = await rnnx("find-rate", file, "--device", "cpu", "--steps", "60");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const [, marked] = /^ +↑ (\S+)$/m.exec(stdout) ?? [];
  const [, suggested] = /^Suggested: --set optimizer\.learning_rate=(\S+), where/m.exec(stdout) ?? [];
  expect(marked).toBe(suggested);
  expect(Number(suggested)).toBeGreaterThan(1e-4);
  expect(Number(suggested)).toBeLessThan(1);
  expect(stdout).toMatch(/^ +1\.00e-6 +learning rate 10$/m);
  expect(stdout).toContain("The loss did not diverge up to 10.");
  expect(readdirSync(folder)).toEqual(["hihello.json"]);
});

test("an image and a record", async () => {
  const { folder, file } = specFile();
  const image = join(folder, "rate.svg");
  const flags = ["--device", "cpu", "--steps", "40", "--min", "1e-5", "--max", "1", "--seed", "3"];
  const { code, stdout } = await rnnx("find-rate", file, "--json", "--out", image, ...flags);
  expect(code).toBe(0);
  const [record = {}] = records(stdout) as readonly Readonly<Record<string, unknown>>[];
  expect(record).toMatchObject({ event: "result", name: "hihello", diverged: false, file: image });
  expect(record.rates).toHaveLength(40);
  expect(record.losses).toHaveLength(40);
  expect(record.smoothed).toHaveLength(40);
  const svg = readFileSync(image, "utf8");
  expect(svg).toContain("learning rate");
  expect(svg).toContain("stroke-dasharray");
});

test.each<[string, readonly string[], object, string]>([
  [
    "a range without width",
    ["--min", "0.1", "--max", "0.1"],
    spec,
    "error: --min 0.1 is not below --max 0.1\nGive a wider range.\n",
  ],
  [
    "a rate of 0",
    ["--min", "0"],
    spec,
    "error: option '--min <rate>' argument '0' is invalid. Expected a number above 0, to 1000000.\nSee rnnx find-rate --help.\n",
  ],
  ["another kind of file", ["--out", "rate.pdf"], spec, 'error: "rate.pdf" is not an image type'],
  [
    "a file of data that is missing",
    [],
    { ...spec, data: { type: "text", file: "none.txt", window: 6 } },
    "hihello.json:1:31 /data/file",
  ],
])("%s is invalid input", async (_, flags, content, message) => {
  const { file } = specFile(content);
  const { code, stderr } = await rnnx("find-rate", file, "--device", "cpu", ...flags);
  expect(code).toBe(2);
  expect(stderr).toContain(message);
});
