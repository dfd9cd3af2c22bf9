/** An audio model in a file: samples in, classes out, in Node and Python by the programs next to it, like `rnnx predict`. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readModel } from "../../../compiler/onnx/read/model.js";
import { exportModel } from "../../../runtime/export/index.js";
import { predictRun } from "../../../runtime/predict/predict-run.js";
import { compileCsharp, hasDotnet, withDotnet } from "../../support/csharp.js";
import { specExamples } from "../../support/page-specs.js";
import { normal } from "../../support/read-spec.js";
import { sharedFolder } from "../../support/temporary-folder.js";
import { run } from "../../support/training-runs.js";
import { tone, wavFile } from "../../support/wav.js";

const root = join(import.meta.dirname, "../../..");
const hasPython = spawnSync("python3", ["-c", "import onnxruntime, numpy"]).status === 0;

const stereo = Array.from(tone(260, 500)).flatMap((sample) => [sample, sample / 3]);
const sounds = {
  "16-bit.wav": wavFile(tone(280, 444)),
  "8-bit.wav": wavFile(tone(1900, 300), { bits: 8 }),
  "24-bit stereo.wav": wavFile(stereo, { channels: 2, bits: 24 }),
  "32-bit.wav": wavFile(tone(700, 350), { bits: 32 }),
};

/** A run with its exported file, programs and new sounds. */
async function exported(folder: string) {
  for (const [name, content] of Object.entries(specExamples.audio.files)) writeFileSync(join(folder, name), content);
  const out = join(folder, "run");
  const { spec } = await normal({ ...specExamples.audio.spec, optimizer: { type: "adam", learning_rate: 0.05 } });
  const request = { spec, folder, out, device: "cpu", resume: false, init: null, disabledPasses: [] } as const;
  const { outcome: trained } = await run(request);
  if (!trained.ok) throw new Error(JSON.stringify(trained));
  const file = join(folder, "tones.onnx");
  const outcome = await exportModel({ run: out, out: file, form: "sequence", unroll: null, snippets: true });
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  mkdirSync(join(folder, "new"));
  for (const [name, content] of Object.entries(sounds)) writeFileSync(join(folder, "new", name), content);
  return { out };
}

let model: Awaited<ReturnType<typeof exported>>;
const folder = sharedFolder();
beforeAll(async () => {
  model = await exported(folder);
});

test("the exported file has no masks and no warped frequencies: they are those of training", () => {
  const read = (file: string) => {
    const found = readModel(readFileSync(file));
    if (!found.ok) throw new Error(JSON.stringify(found));
    const { inputs, initializers } = found.model;
    // Random numbers depend on the step, and the bands of 9 factors are the columns of one matrix.
    const hasWarped = initializers.some(({ shape }) => shape?.includes(9 * 8));
    return { hasStep: inputs.some(({ name }) => name === "step"), hasWarped };
  };
  expect(read(join(model.out, "train.onnx"))).toEqual({ hasStep: true, hasWarped: true });
  expect(read(join(folder, "tones.onnx"))).toEqual({ hasStep: false, hasWarped: false });
});

async function predicted(input: string) {
  const { out } = model;
  const outcome = await predictRun({ run: out, input, output: null, folder, beam: null, device: "cpu" });
  return outcome.ok ? outcome.value : outcome.error;
}

interface Row {
  readonly file: string;
  readonly label: string;
  readonly probabilities: Readonly<Record<string, number>>;
}

async function rows(input: string): Promise<readonly Row[]> {
  const result = await predicted(input);
  if (!("predictions" in result)) throw new Error(JSON.stringify(result));
  return result.predictions as unknown as readonly Row[];
}

describe("rnnx predict", () => {
  test("reads a file, a folder and a pattern", async () => {
    const all = await rows("new");
    expect(all.map(({ file }) => file)).toEqual(
      Object.keys(sounds)
        .sort()
        .map((name) => `new/${name}`),
    );
    expect(all.map(({ label }) => label)).toEqual(["low", "low", "low", "high"]);
    expect(await rows("new/16-bit.wav")).toEqual([
      {
        ...all[0],
        probabilities: { high: expect.closeTo(all[0]?.probabilities.high ?? 0, 6), low: expect.anything() },
        probability: expect.anything(),
      },
    ]);
    expect((await rows("new/*-bit.wav")).map(({ file }) => file)).toEqual([
      "new/16-bit.wav",
      "new/32-bit.wav",
      "new/8-bit.wav",
    ]);
  });

  test("reads the folders of a folder, and a list with or without labels", async () => {
    for (const [name, sound] of [
      ["far/b/1.wav", sounds["16-bit.wav"]],
      ["far/a/2.wav", sounds["8-bit.wav"]],
    ] as const) {
      mkdirSync(join(folder, name, ".."), { recursive: true });
      writeFileSync(join(folder, name), sound);
    }
    writeFileSync(join(folder, "far", "list.csv"), "note,path\nx,b/1.wav\ny,a/2.wav\n");
    const files = ["far/a/2.wav", "far/b/1.wav"];
    expect((await rows("far")).map(({ file }) => file)).toEqual(files);
    expect((await rows("far/list.csv")).map(({ file }) => file)).toEqual(files.toReversed());
    writeFileSync(join(folder, "list.csv"), "sound\nfar/b/1.wav\n");
    expect(await predicted("list.csv")).toMatchObject({
      problems: [{ message: expect.stringContaining("no column") }],
    });
  });

  test.each([
    [
      "another rate",
      wavFile(tone(300, 400), { sampleRate: 16000 }),
      '"x.wav" has 16,000 samples per second, not 8,000.',
    ],
    ["a short sound", wavFile(tone(300, 100)), "has 100 steps, but the windows of log_mel need 160"],
    ["a broken file", Buffer.from("RIFF"), '"x.wav" cannot be read: it is no WAVE file (byte 0).'],
  ])("%s is a problem", async (_, content, message) => {
    writeFileSync(join(folder, "x.wav"), content);
    expect(await predicted("x.wav")).toMatchObject({ problems: [{ message: expect.stringContaining(message) }] });
  });

  test("a folder without sounds is a problem", async () => {
    mkdirSync(join(folder, "empty"), { recursive: true });
    expect(await predicted("empty")).toMatchObject({ problems: [{ message: '"empty" has no .wav files.' }] });
  });
});

test.skipIf(!hasDotnet)(`the program in C# names the same classes${withDotnet}`, async () => {
  const program = compileCsharp(join(folder, "tones.use.cs"));
  for (const { file, label } of await rows("new")) expect(program(join(folder, file))).toBe(label);
});

/** The program with its output printed as probabilities. */
async function programOf(extension: "mjs" | "py", changes: readonly (readonly [RegExp, string])[]) {
  const file = join(folder, `tones.use.${extension}`);
  const code = readFileSync(file, "utf8");
  const changed = changes.reduce((text, [from, to]) => {
    expect(text).toMatch(from);
    return text.replace(from, to);
  }, code);
  const other = join(folder, `probabilities.${extension}`);
  writeFileSync(other, changed);
  return { program: file, probabilities: other };
}

const programs = [
  [
    "Node",
    process.execPath,
    "mjs",
    [[/console\.log\(.*\);/, "console.log(JSON.stringify(Array.from(results.probabilities.data)));"]],
  ],
  [
    "Python",
    "python3",
    "py",
    [
      [/\["classes"\]/, '["probabilities"]'],
      [/print\(.*\)/, "print(result.ravel().tolist())"],
    ],
  ],
] as const;

describe.each(programs)("the program for %s", (name, command, extension, changes) => {
  const isMissing = name === "Python" && !hasPython;
  test.skipIf(isMissing)(
    `prints the same${isMissing ? " (skipped: Python has no onnxruntime here)" : ""}`,
    async () => {
      const { program, probabilities } = await programOf(extension, changes);
      const output = (code: string, ...files: string[]) =>
        execFileSync(command, [code, ...files], { encoding: "utf8" }).trim();
      for (const { file, label, probabilities: expected } of await rows("new")) {
        if (file.includes("stereo")) expect(output(program, join(folder, file))).toBe(label);
        const printed = JSON.parse(output(probabilities, join(folder, file))) as readonly number[];
        expect(printed).toEqual([expected.high, expected.low].map((value) => expect.closeTo(value ?? 0, 5)));
      }
      expect(["high", "low"]).toContain(output(program));
    },
  );
});
