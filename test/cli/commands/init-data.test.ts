/** `rnnx init --data`: the spec of each kind of file trains as it is, and predicts in the file's own columns. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { records, rnnx, rnnxOnTerminal, root, temporaryFolder } from "../../support/spawn.js";
import { replayTerminal } from "../../support/terminal.js";
import { tone, wavFile } from "../../support/wav.js";

type Rows = readonly (readonly (string | number)[])[];

const csv = (rows: Rows, delimiter = ",") => rows.map((row) => `${row.join(delimiter)}\n`).join("");
const range = (count: number) => Array.from({ length: count }, (_, index) => index);
const pick = (items: readonly string[], index: number) => items[index % items.length] ?? "";
const wave = (index: number) => Math.sin(index / 3).toFixed(3);

interface Case {
  readonly file: string;
  readonly content: string;
  readonly target?: string;
  readonly task: string;
  /** Parts of the spec. */
  readonly spec: object;
}

const cases: Readonly<Record<string, Case>> = {
  "texts and labels": {
    file: "reviews.csv",
    content: csv([
      ["id", "review", "mood"],
      ...range(60).map((index) => [
        index,
        `"${pick(["A good", "A bad", "Some"], index)}, film ${index % 7}!"`,
        index % 5 === 0 ? "neg" : "pos",
      ]),
    ]),
    target: "mood",
    task: "classify",
    spec: {
      data: {
        type: "sequences",
        columns: { text: "review", label: "mood" },
        text: { lowercase: true, punctuation: "split" },
      },
      loss: { type: "cross_entropy", class_weights: "balanced" },
    },
  },
  "single words and labels": {
    file: "names.tsv",
    content: csv([["name", "country"], ...range(20).map((index) => [`Name${index}`, pick(["de", "fr"], index)])], "\t"),
    target: "country",
    task: "classify",
    spec: { data: { unit: "char", columns: { text: "name", label: "country" } } },
  },
  "lists of tokens and tags": {
    file: "tagged.jsonl",
    content: range(12)
      .map(
        (index) => `${JSON.stringify({ words: ["the", pick(["cat", "dog"], index), "runs"], pos: ["d", "n", "v"] })}\n`,
      )
      .join(""),
    target: "pos",
    task: "tag",
    spec: { data: { columns: { tokens: "words", tags: "pos" } }, loss: { type: "sequence_loss" } },
  },
  "texts and numbers": {
    file: "stars.csv",
    content: csv([["text", "stars"], ...range(24).map((index) => [`this is text ${index}`, index / 10])]),
    target: "stars",
    task: "score",
    spec: { data: { columns: { text: "text", label: "stars" } }, loss: { type: "squared_error" } },
  },
  "texts and their translations": {
    file: "pairs.csv",
    content: csv([
      ["en", "de"],
      ...range(16).map((index) => [
        `${pick(["one", "two", "red", "blue"], index)} ${pick(["dog", "cat", "house", "tree"], index >> 2)}`,
        `${pick(["eins", "zwei", "rot", "blau"], index)} ${pick(["hund", "katze", "haus", "baum"], index >> 2)}`,
      ]),
    ]),
    target: "de",
    task: "translate",
    spec: { data: { type: "pairs", columns: { source: "en", target: "de" } } },
  },
  "a series with dates, the newest first, and gaps": {
    file: "prices.csv",
    content: csv(
      [
        ["day", "price", "volume"],
        ...range(28).map((index) => [
          `2024-02-${28 - index > 9 ? "" : "0"}${28 - index}`,
          wave(index),
          index === 3 ? "" : index,
        ]),
      ],
      ";",
    ),
    target: "price",
    task: "forecast",
    spec: {
      data: {
        type: "table",
        columns: ["volume", "price"],
        target: ["price"],
        delimiter: ";",
        missing: "previous",
        time: "day",
        scale: "standard",
      },
    },
  },
  "a series with the day first, the newest first": {
    file: "heat.csv",
    content: csv([
      ["tag", "heat"],
      ...range(40).map((index) => [
        `${index < 20 ? 20 - index : 40 - index}.${index < 20 ? "03" : "02"}.2024`,
        wave(index),
      ]),
    ]),
    target: "heat",
    task: "forecast",
    spec: { data: { columns: ["heat"], time: { column: "tag", format: "%d.%m.%Y" } } },
  },
  "a series without names and target": {
    file: "series.csv",
    content: csv(range(60).map((index) => [wave(index), wave(index + 4)])),
    task: "forecast",
    spec: { data: { columns: [1, 2], target: [1, 2], window: 6 } },
  },
  "rows of numbers and labels": {
    file: "rows.csv",
    content: csv([
      ["a", "b", "kind"],
      ...range(30).map((index) => [wave(index), wave(2 * index), pick(["x", "y"], index)]),
    ]),
    target: "kind",
    task: "classify_rows",
    spec: {
      data: { columns: ["a", "b"], target: ["kind"], scale: "standard", split: { validation: 0.2, stratify: true } },
    },
  },
  "numbers, row numbers, names and labels": {
    file: "fruits.csv",
    content: csv([
      ["id", "width", "color", "kind"],
      ...range(30).map((index) => [index, wave(index), pick(["red", "blue", "green"], index), pick(["x", "y"], index)]),
    ]),
    target: "kind",
    task: "classify_rows",
    spec: { data: { columns: { width: "number", color: "category" }, target: ["kind"] } },
  },
  "independent rows of several kinds and a price": {
    file: "houses.csv",
    content: csv(
      [
        ["id", "built", "city", "garden", "area", "rent"],
        ...range(80).map((index) => [
          index,
          `${1 + ((index * 7) % 28)}.${1 + ((index * 5) % 12)}.${1990 + ((index * 11) % 30)}`,
          pick(["Bonn", "Ulm", "Trier"], index * index),
          pick(["yes", "no"], index >> 1),
          `${30 + ((index * 37) % 90)},5 kg`.replace(" kg", ""),
          `${500 + ((index * 311) % 700)},00 €`,
        ]),
      ],
      ";",
    ),
    target: "rent",
    task: "predict_rows",
    spec: {
      data: {
        decimal: ",",
        columns: {
          built: { type: "date", format: "%d.%m.%Y" },
          city: "category",
          garden: "boolean",
          area: "number",
          rent: { type: "number", unit: "€" },
        },
        target: ["rent"],
      },
      loss: { type: "squared_error" },
    },
  },
  "labels that are written none, in rows": {
    file: "none.csv",
    content: csv([["a", "kind"], ...range(30).map((index) => [wave(index), pick(["none", "some"], index)])]),
    target: "kind",
    task: "classify_rows",
    spec: { data: expect.not.objectContaining({ missing: expect.anything() }) },
  },
  "a long series with dates and names": {
    file: "sales.csv",
    content: csv([
      ["day", "weather", "sold"],
      ...range(120).map((index) => [
        new Date(Date.UTC(2024, 0, 1 + index)).toISOString().slice(0, 10),
        pick(["sun", "rain", "snow"], index * index),
        wave(index),
      ]),
    ]),
    target: "sold",
    task: "forecast",
    spec: { data: { columns: { day: "date", weather: "category", sold: "number" }, time: "day", window: 12 } },
  },
  "texts that start with #, in a file with spaces and accents in its name": {
    file: "Réponses du 3 mai.csv",
    content: csv([["text", "label"], ...range(20).map((index) => [`#tag ${index} of it`, pick(["x", "y"], index)])]),
    target: "label",
    task: "classify",
    spec: { name: "Reponses-du-3-mai", data: { file: expect.stringContaining("Réponses du 3 mai.csv") } },
  },
  "a table with comments": {
    file: "noted.csv",
    content: `# measured by hand\n${csv([["x", "y"], ...range(20).map((index) => [index, wave(index)])])}# end\n`,
    target: "y",
    task: "forecast",
    spec: { data: { columns: ["x", "y"] } },
  },
  "columns whose names are no keys of a spec": {
    file: "f1.csv",
    content: csv([
      ["__proto__", "constructor", "y"],
      ...range(30).map((index) => [wave(index), pick(["Lotus", "Ferrari"], index * index), `${(index * 37) % 11}.5`]),
    ]),
    target: "y",
    task: "predict_rows",
    spec: { data: { columns: { 1: "number", 2: "category" }, target: ["y"] } },
  },
  "a plain text": {
    file: "story.txt",
    content: "once upon a time there was a model. ".repeat(8),
    task: "text",
    spec: { data: { type: "text", unit: "char" } },
  },
};

describe("a spec that trains without changes", () => {
  test.each(Object.entries(cases))("%s", async (_, { file, content, target, task, spec }) => {
    const folder = temporaryFolder();
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, file), content);
    const out = join(folder, "specs");
    const flags = target === undefined ? [] : ["--target", target];
    const { code, stdout, stderr } = await rnnx("init", "--data", join(folder, file), ...flags, "--out", out, "--json");
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    const [result] = records(stdout);
    expect(result).toMatchObject({ event: "result", task });
    const specFile = `${result?.spec}`;
    expect(JSON.parse(readFileSync(specFile, "utf8"))).toMatchObject(spec);
    const trained = await rnnx("train", specFile, "--steps", "3", "--out", join(folder, "run"), "--json");
    expect(records(trained.stdout).at(-1)).toMatchObject({ event: "done", step: 3 });
  });

  test("of images and their labels", async () => {
    const [folder, data] = [temporaryFolder(), join(root, "specs/data")];
    const files = ["--data", join(data, "digits-images.idx.gz"), "--target", join(data, "digits-labels.idx.gz")];
    const { stdout } = await rnnx("init", ...files, "--out", folder, "--json");
    expect(records(stdout)[0]).toMatchObject({ task: "images", images: 1000 });
    const dry = await rnnx("train", join(folder, "digits-images.idx.json").replace(".idx", ""), "--dry-run", "--json");
    expect(dry.code).toBe(0);
  });
});

describe("sounds", () => {
  test("of a folder, by a part of their names or by their folders", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "s"));
    for (const index of range(12)) {
      const name = `${pick(["low", "high"], index)}_${pick(["ann", "bob"], Math.floor(index / 2))}_${index}.wav`;
      const sampleRate = index === 11 ? 16000 : 8000;
      const length = ((1600 + 10 * index) * sampleRate) / 8000;
      const sound = wavFile(tone(index % 2 === 0 ? 300 : 2000, length, sampleRate), { sampleRate });
      writeFileSync(join(folder, "s", name), sound);
    }
    const { code, stdout } = await rnnx("init", "--data", join(folder, "s"), "--out", folder, "--json");
    expect(code).toBe(0);
    expect(records(stdout)[0]).toMatchObject({ task: "sounds", sounds: 12, sample_rates: { 8000: 11, 16000: 1 } });
    const spec = JSON.parse(readFileSync(join(folder, "s.json"), "utf8"));
    expect(spec.data).toMatchObject({
      type: "audio",
      file: "s/*.wav",
      names: "{label}_{part2}_{part3}.wav",
      sample_rate: 8000,
      resample: true,
    });
    const dry = await rnnx("train", join(folder, "s.json"), "--steps", "2", "--out", join(folder, "run"), "--json");
    expect(records(dry.stdout).at(-1)).toMatchObject({ event: "done", step: 2 });
    const predicted = await rnnx("predict", join(folder, "run"), "--input", join(folder, "s"), "--json");
    expect(records(predicted.stdout).filter(({ event }) => event === "prediction")).toHaveLength(12);
    const facts = await rnnx("inspect", join(folder, "s"), "--data");
    expect(facts.stdout).toContain(
      "12 sounds of 0.2 to 0.214 seconds (0.207 on average) at 8,000 Hz (11), 16,000 Hz (1)",
    );
    expect(facts.stdout).toMatch(/\ndurations: 0\.2 s [▁▂▃▄▅▆▇█ ]{12} 0\.214 s\n/);
    expect(facts.stdout).toContain("part 1 of the names: high (6), low (6)");
    mkdirSync(join(folder, "empty"));
    const empty = await rnnx("init", "--data", join(folder, "empty"), "--out", folder);
    expect(empty).toMatchObject({ code: 2, stderr: expect.stringContaining("has no .wav files") });
  });
});

describe("the facts of a file", () => {
  const folder = temporaryFolder();
  const file = join(folder, "reviews.csv");
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, cases["texts and labels"]?.content ?? "");

  test("are printed within 80 columns, with the classes", async () => {
    const { code, stdout } = await rnnxOnTerminal(
      80,
      "init",
      "--data",
      file,
      "--target",
      "mood",
      "--out",
      join(folder, "wide"),
    );
    const lines = replayTerminal(stdout, 80);
    expect(code).toBe(0);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(lines.join("\n")).toMatch(/60 rows\n\ncolumn +kind +missing +values +example\n/);
    expect(lines).toContain("Classes: pos (48), neg (12).");
    expect(lines).toContain("Not read: id.");
  });

  test("are a record with --json", async () => {
    const { stdout } = await rnnx(
      "init",
      "--data",
      file,
      "--target",
      "mood",
      "--out",
      join(folder, "record"),
      "--json",
    );
    expect(records(stdout)[0]).toMatchObject({
      rows: 60,
      columns: [
        { name: "id", kind: "numbers", missing: 0, values: 60 },
        { name: "review", kind: "text", longest: 4 },
        { name: "mood", kind: "text", counts: { pos: 48, neg: 12 } },
      ],
    });
  });

  test.each<readonly [readonly string[], string]>([
    [
      ["--target", "moods"],
      'the file has no column "moods"\nDid you mean "mood"? Its columns are id, review and mood.',
    ],
    [[], "no column to predict is named\nAdd --target with one of id, review and mood."],
  ])("%j is refused", async (flags, message) => {
    const out = join(folder, "none");
    const { code, stderr } = await rnnx("init", "--data", file, ...flags, "--out", out);
    expect({ code, exists: existsSync(out) }).toEqual({ code: 2, exists: false });
    expect(stderr).toContain(`error: ${message}`);
  });
});

test("a first line that may be a row, and rows that may be no series, are stated with the way out", async () => {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  const [texts, numbers] = [join(folder, "texts.csv"), join(folder, "numbers.csv")];
  writeFileSync(texts, csv(range(20).map((index) => [`text ${index}`, pick(["x", "y"], index)])));
  writeFileSync(numbers, csv([["a", "b"], ...range(20).map((index) => [wave(index), wave(index + 4)])]));
  const named = await rnnx("init", "--data", texts, "--target", "2", "--out", folder);
  expect(named.stdout).toContain('The first line is read as names of columns, but "x" is also a value of its column.');
  const file = join(folder, "texts.json");
  const spec = JSON.parse(readFileSync(file, "utf8"));
  const data = { ...spec.data, header: false, columns: { text: 1, label: 2 } };
  writeFileSync(file, JSON.stringify({ ...spec, data }));
  expect((await rnnx("train", file, "--dry-run")).code).toBe(0);
  const { stdout } = await rnnx("init", "--data", numbers, "--target", "b", "--out", folder);
  expect(stdout).toContain(
    "For independent rows, remove window, horizon and split.order, and leave b out of columns.\n",
  );
});

test("labels that are written none are a class of texts", async () => {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  const rows = range(20).map((index) => [`text ${index}`, index % 4 === 0 ? "none" : "some"]);
  writeFileSync(join(folder, "a.csv"), csv([["text", "label"], ...rows]));
  const { stdout } = await rnnx("init", "--data", join(folder, "a.csv"), "--target", "label", "--out", folder);
  expect(stdout).toContain("Classes: some (15), none (5).\n");
});

test.each<readonly [string, string, string]>([
  ["missing.csv", "text,label\na b,x\nc d,\ne f,y\ng h,x\ni j,y\n", "missing.csv:3: The line has no label"],
  ["constant.csv", "text,label\na,x\nb,x\nc,x\nd,x\n", 'the column "label" has one value only'],
  ["small.csv", "text,label\na,x\nb,y\n", "the file has 2 rows, too few to train on"],
  ["vectors.jsonl", '{"text":"a","label":[[1],[2]]}\n'.repeat(5), 'the column "label" has lists of numbers'],
  [
    "repeated.csv",
    csv([["x", "label", "label"], ...range(9).map((index) => [wave(index), index, 2 * index])]),
    'the file has several columns "label"\nName one of them: "label (column 2)" and "label (column 3)".',
  ],
  [
    "nested.jsonl",
    range(9)
      .map((index) => `${JSON.stringify({ data: { text: `t ${index}` }, label: pick(["x", "y"], index) })}\n`)
      .join(""),
    'the file has no column to predict from\nWrite the members of "data" as keys of the line.',
  ],
  [
    "commas.csv",
    csv([["day", "label"], ...range(9).map((index) => [`0${index + 1}.02.2024`, `1,23${index}`])], ";"),
    'the column "label" has numbers with a thousands separator, such as 1,230\nWrite 1230.',
  ],
  ["list.json", '[{"text": "a", "label": "x"}]', "write one object per line into a .jsonl file."],
])("%s is refused, and nothing is written", async (file, content, message) => {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), content);
  const { code, stderr } = await rnnx(
    "init",
    "--data",
    join(folder, file),
    "--target",
    "label",
    "--out",
    join(folder, "out"),
  );
  expect(code).toBe(2);
  expect(stderr).toContain(message);
  expect(existsSync(join(folder, "out"))).toBe(false);
});

test("an existing spec is kept; flags that do not go together are refused", async () => {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "a.csv"), cases["texts and labels"]?.content ?? "");
  writeFileSync(join(folder, "a.json"), "mine");
  const existing = await rnnx("init", "--data", join(folder, "a.csv"), "--target", "mood", "--out", folder);
  expect(existing).toMatchObject({ code: 2, stderr: expect.stringContaining("a.json exists already") });
  expect(readFileSync(join(folder, "a.json"), "utf8")).toBe("mine");
  expect((await rnnx("init", "translate", "--data", "a.csv")).stderr).toContain("--data writes a spec of its own");
  const csvFile = join(folder, "a.csv");
  for (const what of [["--data", csvFile, "--target", "mood"], ["translate"]])
    expect(await rnnx("init", ...what, "--out", csvFile)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("a.csv is a file, not a folder"),
    });
  const named = await rnnx("init", "--data", csvFile, "--target", "mood", "--out", join(folder, "t2.json"));
  expect(named).toMatchObject({ code: 2, stderr: expect.stringContaining("t2.json is the name of a file") });
  expect(existsSync(join(folder, "t2.json"))).toBe(false);
  expect((await rnnx("init", "--target", "x")).stderr).toContain("--target is a column of --data");
});
