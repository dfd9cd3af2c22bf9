/** Audio data: names and lists of sound files, batches with lengths, splits by groups, and the problems of files. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { openData } from "../../../../runtime/data/index.js";
import { previewBatch } from "../../../../runtime/data/preview.js";
import { checkShortSequences } from "../../../../runtime/data/short-sequences.js";
import { normal } from "../../../support/read-spec.js";
import { temporaryFolder } from "../../../support/temporary-folder.js";
import { tone, wavFile } from "../../../support/wav.js";

const model = [
  { layer: "log_mel", bands: 8, window: 0.02 },
  { layer: "pool", mode: "mean" },
  { layer: "dense", size: "classes" },
];

type Files = Readonly<Record<string, string | Uint8Array>>;

const specOf = (data: object) => ({
  data: { type: "audio", sample_rate: 8000, ...data },
  model,
  loss: { type: "cross_entropy" },
  optimizer: { type: "adam" },
});

async function open(files: Files, data: object) {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  const read = await normal(specOf(data));
  return openData(read.spec, folder);
}

async function opened(files: Files, data: object) {
  const source = await open(files, data);
  if (!source.ok) throw new Error(JSON.stringify(source.error));
  return source.value;
}

/** Two tones of two speakers each. */
const named: Files = Object.fromEntries(
  ["ann", "bob", "cy"].flatMap((speaker, index) =>
    ["low", "high"].map((label) => [
      `s/${label}_${speaker}_1.wav`,
      wavFile(tone(label === "low" ? 300 : 2000, 200 + 10 * index)),
    ]),
  ),
);
const names = "{label}_{speaker}_{take}.wav";

describe("files", () => {
  test("a pattern with labels in the names", async () => {
    const source = await opened(named, { file: "s/*.wav", names });
    expect(source.metadata).toEqual({ type: "audio", sample_rate: 8000, classes: ["high", "low"] });
    const batch = source.batch([0, 5]);
    expect(batch.get("inputs")?.shape).toEqual([2, 220, 1]);
    expect(batch.get("lengths")?.data).toEqual(BigInt64Array.of(200n, 220n));
    expect(batch.get("targets")?.data).toEqual(Int32Array.of(0, 1));
    const samples = Array.from(batch.get("inputs")?.data ?? [], Number);
    expect(samples.slice(200, 220)).toEqual(new Array(20).fill(0));
    const rounded = (value: number) => Math.round(value * 2 ** 15) / 2 ** 15 + 0;
    expect(samples.slice(0, 200)).toEqual(Array.from(tone(2000, 200), rounded));
    expect(source.signature({} as never)).toMatchObject({ sizes: { features: 1, classes: 2 } });
  });

  test("folders are labels by default", async () => {
    const files = { "d/up/1.WAV": wavFile(tone(300, 200)), "d/down/1.wav": wavFile(tone(400, 180)) };
    const source = await opened(files, { file: "d/*/*.wav" });
    expect(source.metadata).toMatchObject({ classes: ["down", "up"] });
    expect(source.batch([0]).get("lengths")?.data).toEqual(BigInt64Array.of(180n));
  });

  test.each([
    ["csv", "l/all.csv", "clip,what\na.wav,x\nsub/b.wav,y\n"],
    ["tsv", "l/all.tsv", "what\tclip\nx\ta.wav\ny\tsub/b.wav\n"],
    ["jsonl", "l/all.jsonl", '{"clip":"a.wav","what":"x"}\n{"clip":"sub/b.wav","what":"y"}\n'],
  ])("a list as %s, with paths from its folder", async (_, file, content) => {
    const files = { [file]: content, "l/a.wav": wavFile(tone(300, 170)), "l/sub/b.wav": wavFile(tone(400, 190)) };
    const source = await opened(files, { file, columns: { path: "clip", label: "what" } });
    expect(source.metadata).toMatchObject({ classes: ["x", "y"] });
    expect(source.batch([0, 1]).get("lengths")?.data).toEqual(BigInt64Array.of(170n, 190n));
  });

  test("buckets of similar lengths, and the same batches from a list and a pattern", async () => {
    const source = await opened(named, { file: "s/*.wav", names, buckets: 3 });
    expect(source.buckets?.map(({ length }) => length)).toEqual([2, 2, 2]);
    const list = `path,label\n${Object.keys(named)
      .sort()
      .map((name) => `${name},${/\/(\w+)_\w+_/.exec(name)?.[1]}\n`)
      .join("")}`;
    const listed = await opened({ ...named, "list.csv": list }, { file: "list.csv", buckets: 3 });
    expect(listed.digest).toBe(source.digest);
  });

  test("channels and equal sounds are stated", async () => {
    const stereo = Array.from(tone(300, 200)).flatMap((sample) => [sample, sample]);
    const files = {
      "s/a_1.wav": wavFile(stereo, { channels: 2 }),
      "s/b_1.wav": wavFile(tone(300, 200)),
      "s/b_2.wav": wavFile(tone(500, 200)),
    };
    const split = { test: 0.3, order: "time" };
    const source = await opened(files, { file: "s/*.wav", names: "{label}_*.wav", split });
    expect(source.notices).toContain('The channels of 1 sound are averaged, such as those of "s/a_1.wav".');
    const twice = { ...files, "s/c_1.wav": wavFile(tone(300, 200)) };
    const leaking = await opened(twice, { file: "s/*.wav", names: "{label}_*.wav", split });
    expect(leaking.notices?.at(-1)).toContain("has the same input as an example of the training split (s/c_1.wav)");
  });

  test("files of other rates are resampled and stated", async () => {
    const files = {
      "s/a_1.wav": wavFile(tone(300, 400, 16000), { sampleRate: 16000 }),
      "s/b_1.wav": wavFile(tone(300, 100, 4000), { sampleRate: 4000 }),
      "s/b_2.wav": wavFile(tone(300, 200)),
    };
    const source = await opened(files, { file: "s/*.wav", names: "{label}_*.wav", resample: true });
    expect(source.notices).toEqual([
      "1 sound of 16,000 Hz is resampled to 8,000 Hz.",
      "1 sound of 4,000 Hz is resampled to 8,000 Hz; they have no frequencies above 2,000 Hz.",
    ]);
    const { data = [] } = source.batch([0, 1, 2]).get("inputs") ?? {};
    const all = Array.from(data, Number);
    expect(all).toHaveLength(3 * 200);
    for (const start of [0, 200])
      expect(all.slice(start + 40, start + 160)).toEqual(
        all.slice(440, 560).map((sample) => expect.closeTo(sample, 2)),
      );
  });

  test("a sound that is too short is named", async () => {
    const files = { ...named, "s/low_ann_2.wav": wavFile(tone(300, 50)) };
    const data = { file: "s/*.wav", names };
    const { spec } = await normal(specOf(data));
    const source = await opened(files, data);
    expect(checkShortSequences(spec, source).map(({ message }) => message)).toEqual([
      '"s/low_ann_2.wav" has 50 steps, but the windows of log_mel need 160.',
    ]);
  });

  test("the preview has samples", async () => {
    const source = await opened(named, { file: "s/*.wav", names });
    expect(previewBatch(source, [0], 1).examples[0]).toMatchObject({ targets: "high", lengths: "200" });
  });
});

describe("splits", () => {
  const speakers = ({ splits }: Awaited<ReturnType<typeof opened>>) =>
    Object.values(splits).map((indices) => new Set(Array.from(indices, (index: number) => index % 3)));

  test("whole groups", async () => {
    const split = { test: 0.3, validation: 0.3, group: "speaker" };
    const sets = speakers(await opened(named, { file: "s/*.wav", names, split }));
    expect(sets.map(({ size }) => size)).toEqual([1, 1, 1]);
    expect(new Set(sets.flatMap((set) => [...set])).size).toBe(3);
  });

  test("folds leave one speaker out at a time", async () => {
    const tests = await Promise.all(
      [1, 2, 3].map(async (fold) => {
        const split = { folds: 3, fold, group: "speaker" };
        const { splits } = await opened(named, { file: "s/*.wav", names, split });
        expect(splits.train.length).toBe(4);
        return Array.from(splits.test, (index) => index % 3);
      }),
    );
    expect(tests.map((group) => new Set(group).size)).toEqual([1, 1, 1]);
    expect(tests.flat().sort()).toEqual([0, 0, 1, 1, 2, 2]);
  });

  test("a column of a list", async () => {
    const lines = Object.keys(named).map((name, index) => `${name},${index % 2},${index < 4 ? "train" : "test"}`);
    const files = { ...named, "list.csv": `path,label,split\n${lines.join("\n")}\n` };
    const { splits } = await opened(files, { file: "list.csv", split: { by: "column" } });
    expect([splits.train.length, splits.validation.length, splits.test.length]).toEqual([4, 0, 2]);
  });

  test("files of their own", async () => {
    const split = { by: "files", files: { test: "t/*.wav" } };
    const files = { ...named, "t/low_dee_1.wav": wavFile(tone(310, 200)) };
    const { splits } = await opened(files, { file: "s/*.wav", names, split });
    expect([splits.train.length, splits.test.length]).toEqual([6, 1]);
  });
});

describe("problems", () => {
  const sound = wavFile(tone(300, 200));
  test.each<[string, Files, object, object]>([
    ["no files", {}, { file: "s/*.wav" }, { code: "file-missing", path: "/data/file" }],
    [
      "a name of another form",
      { "s/x.wav": sound },
      { file: "s/*.wav", names },
      { code: "sound-name", path: "/data/names", file: "s/x.wav" },
    ],
    [
      "a broken file",
      { "s/x.wav": sound.subarray(0, 100) },
      { file: "s/*.wav" },
      { message: '"s/x.wav" cannot be read: the file ends inside its "data" chunk of 400 bytes (byte 100).' },
    ],
    [
      "another rate",
      { "s/x.wav": wavFile(tone(300, 200), { sampleRate: 16000 }) },
      { file: "s/*.wav" },
      { code: "sample-rate", path: "/data/sample_rate", hint: expect.stringContaining('"sample_rate": 16000') },
    ],
    [
      "a missing file of a list",
      { "l.csv": "path,label\nx.wav,a\n" },
      { file: "l.csv" },
      { code: "file-missing", message: expect.stringContaining('"x.wav"') },
    ],
    [
      "no column",
      { "l.csv": "clip,label\nx.wav,a\n" },
      { file: "l.csv" },
      { code: "column-missing", path: "/data/columns/path", hint: expect.stringContaining("data.columns.path") },
    ],
    [
      "a line without a label",
      { "l.csv": "path,label\nx.wav,\n" },
      { file: "l.csv" },
      { code: "sound-list", line: 2, message: "l.csv:2: The line has no label." },
    ],
    ["another kind of file", { "l.txt": "x" }, { file: "l.txt" }, { code: "file-kind", path: "/data/file" }],
    [
      "one group",
      { "s/a_x.wav": sound },
      { file: "s/*.wav", names: "{label}_{who}.wav", split: { test: 0.5, group: "who" } },
      { code: "empty-split", path: "/data/split/group" },
    ],
  ])("%s", async (_, files, data, problem) => {
    const source = await open(files, data);
    expect(source.ok ? [] : source.error).toEqual([expect.objectContaining(problem)]);
  });

  test.each([
    [{ file: "s/*.wav", names: "{speaker}.wav" }, "sound-names /data/names"],
    [{ file: "s/*.wav", names: "{label}_{label}.wav" }, "sound-names /data/names"],
    [{ file: "s/*.wav", columns: { label: "x" } }, "sound-names /data/columns"],
    [{ file: "l.csv", names }, "sound-names /data/names"],
    [{ file: "s/*.wav", names, split: { group: "who" } }, "sound-names /data/split/group"],
    [{ file: "s/*.wav", names, split: { by: "column" } }, "sound-names /data/split"],
    [{ file: "s/*.wav", names, split: { group: "speaker", stratify: true } }, "split-folds /data/split/stratify"],
    [{ file: "s/*.wav", names, split: { group: "speaker", train: 0.5 } }, "split-folds /data/split/train"],
  ])("%j", async (data, problem) => {
    await expect(open(named, data)).rejects.toThrow(problem);
  });
});
