/** Decoded and generated tokens are the same on every path: a decoder's sequences, and a continued text. */

import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createTokenGenerator } from "../../runtime/generation/autoregressive.js";
import { beamSearch } from "../../runtime/generation/beam-search.js";
import { greedy } from "../../runtime/generation/sampling.js";
import { loadRun } from "../../runtime/load-run.js";
import { feedsOf, tensorOf } from "../../runtime/tensors/ort.js";
import { randomStream } from "../../runtime/tensors/random.js";
import { argmax } from "../../runtime/tensors/scores.js";
import { outputActivationOf } from "../../schema/kinds/outputs.js";
import { readSource, sourceBatch } from "../../web/examples/pairs.js";
import { nodeOutput, openPaths, pythonOutput, pythonRuns, runSequences } from "../support/model-paths.js";
import { constantOf, floats, ints, longs, rnn } from "./paths/path-case.js";

type Source = string | readonly number[];

const decoder = (from: string) => [
  { layer: "embedding", name: "target", from: "decoder_inputs", vocabulary_size: "target_vocabulary", size: 4 },
  { ...rnn("gru", { hidden_size: 8, initial_state: from }), name: "decoder", from: "target" },
  { layer: "projection", size: "target_vocabulary" },
];

const encoder = [
  { layer: "embedding", name: "source", size: 4 },
  { ...rnn("gru", { hidden_size: 8, return: "state" }), name: "encoder", from: "source" },
];

test.each<[string, readonly (readonly [Source, string])[], readonly object[], readonly Source[]]>([
  [
    "of words, one of them unknown",
    [
      ["one two", "1 2"],
      ["two", "2"],
      ["one one two", "1 1 2"],
    ],
    [...encoder, ...decoder("encoder")],
    ["one two", "two", "one three two one"],
  ],
  [
    "of numbers",
    [
      [[0, 1], "a b"],
      [[1, 0], "b"],
    ],
    [{ layer: "dense", name: "features", size: 8 }, ...decoder("features")],
    [
      [0, 1],
      [1, 0],
      [0.5, 0.4],
    ],
  ],
])("pairs %s", async (_, pairs, model, sources) => {
  const paths = await openPaths({
    spec: {
      data: { type: "pairs", pairs, unit: "word" },
      model,
      loss: { type: "sequence_loss" },
      train: { steps: 60, batch_size: "all" },
    },
  });
  const { run } = paths;
  const { metadata } = run;
  if (metadata.type !== "pairs" || run.spec.data.type !== "pairs") throw new Error("no pairs");
  const jsonl = (list: readonly Source[]) => list.map((source) => `${JSON.stringify({ source })}\n`).join("");
  const { predictions } = await paths.predicted("in.jsonl", jsonl(sources));
  const targets = predictions.map(({ target }) => String(target));
  const words = metadata.target_vocabulary;
  const [start, end] = ["<start>", "<end>"].map((token) => words.indexOf(token));
  const idsOf = (text: string, vocabulary: readonly string[]) =>
    text.split(" ").map((word) => {
      const id = vocabulary.indexOf(word);
      return id < 0 ? vocabulary.indexOf("<unknown>") : id;
    });
  const targetIds = targets.map((target) => idsOf(target, words));

  // Evaluation of the predicted targets: each step predicts the next token.
  const data = { ...run.spec.data, pairs: sources.map((source, row) => [source, targets[row] ?? ""] as const) };
  const width = words.length;
  const evaluated = (await paths.evaluated(2, data)).map((outputs, row) =>
    outputs.slice(0, ((targetIds[row]?.length ?? 0) + 1) * width),
  );
  for (const [row, outputs] of evaluated.entries()) {
    const best = Array.from({ length: outputs.length / width }, (_, step) => argmax(outputs, step * width, width));
    // A target of the longest length ends there.
    const ends = (targetIds[row]?.length ?? 0) < metadata.longest_target;
    expect(best.slice(0, ends ? undefined : -1), `evaluation, source ${row}`).toEqual([
      ...(targetIds[row] ?? []),
      ...(ends ? [end] : []),
    ]);
  }

  const sequence = await paths.exported("sequence");
  const time = Math.max(...targetIds.map(({ length }) => length)) + 1;
  const rows = targetIds.map((ids) => [start ?? 0, ...ids, ...new Array(time - 1 - ids.length).fill(0)]);
  const sourceIds = sources.map((source) =>
    typeof source === "string" ? idsOf(source, metadata.vocabulary ?? []) : [],
  );
  const sourceTime = Math.max(...sourceIds.map(({ length }) => length));
  const padded = sourceIds.map((ids) => [...ids, ...new Array(sourceTime - ids.length).fill(0)]);
  const inputs =
    metadata.vocabulary === null
      ? ([["inputs", floats([sources.length, 2], sources.flat() as number[])]] as const)
      : ([
          ["inputs", ints([sources.length, sourceTime], padded.flat())],
          ["lengths", longs(sourceIds.map(({ length }) => length))],
        ] as const);
  const steps = targetIds.map(({ length }) => length + 1);
  const exported = await runSequences(
    sequence,
    new Map([...inputs, ["decoder_inputs", ints([rows.length, time], rows.flat())], ["target_lengths", longs(steps)]]),
    steps,
  );
  for (const [row, outputs] of evaluated.entries()) {
    const probabilities = outputs.map((logit, index) => {
      const from = index - (index % width);
      return 1 / outputs.slice(from, from + width).reduce((sum, other) => sum + Math.exp(other - logit), 0);
    });
    expect(exported[row]).toHaveLength(probabilities.length);
    for (const [index, probability] of probabilities.entries())
      expect(Math.abs((exported[row]?.[index] ?? Number.NaN) - probability)).toBeLessThan(1e-5);
  }

  const page = await paths.page();
  const read = sources.map((source) =>
    readSource(typeof source === "string" ? source : source.join(", "), metadata, page.page),
  );
  const batch = sourceBatch(
    read.flatMap((result) => (result.ok ? [result.value] : [])),
    metadata,
  );
  const onPage = await beamSearch(await page.session("model"), page.page.manifest, batch, {
    startId: start ?? 0,
    endId: end ?? 1,
    maxTokens: metadata.longest_target,
    beamWidth: 1,
    outputsProbabilities: outputActivationOf(page.page.model) === "softmax",
  });
  expect(onPage.map(({ ids }) => ids.map((id) => words[id]).join(" "))).toEqual(targets);

  const code = readFileSync(sequence.program("mjs"), "utf8");
  const example =
    metadata.vocabulary === null ? (constantOf(code, "rows") as number[][])[0] : String(constantOf(code, "ids"));
  const [own] = (await paths.predicted("example.jsonl", jsonl([example ?? []]))).predictions;
  expect(own?.target).not.toBe("");
  expect(await nodeOutput(sequence)).toBe(own?.target);
  if (pythonRuns) expect(await pythonOutput(sequence)).toBe(own?.target);
});

test.each([
  ["characters", "row, row, row your boat", "char", [..."row"], [...",ow"]],
  ["words", "the cat sat on the mat and the dog sat by the cat", "word", ["the", "cat"], ["on", "the"]],
] as const)("a generated text, of %s", async (_, text, unit, first, second) => {
  const paths = await openPaths({
    spec: {
      data: { type: "text", text, unit, window: 4 },
      model: [
        { layer: "one_hot" },
        rnn("lstm", { initial_state: "learned", stateful: false }),
        { layer: "projection" },
      ],
      loss: { type: "sequence_loss" },
      train: { steps: 20 },
    },
  });
  const { metadata, folder, spec } = paths.run;
  if (metadata.type !== "text") throw new Error("no text");
  const loaded = await loadRun(folder);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded));
  const length = 12;
  const generated = async (prompt: string, count: number) => {
    const result = await loaded.value.generate({ prompt, length: count, temperature: 0 });
    if (!result.ok) throw new Error(JSON.stringify(result));
    return result.value.tokens;
  };
  const model = await paths.exported("generate");
  const page = await paths.page();
  const stream = page.page.manifest.stream;
  if (stream === null) throw new Error("no stream");
  const generator = await createTokenGenerator(
    await page.session("stream"),
    stream,
    outputActivationOf(spec.model),
    [],
  );
  for (const units of [first, second]) {
    const expected = await generated(units.join(unit === "word" ? " " : ""), length);
    const ids = units.map((entry) => metadata.vocabulary.indexOf(entry));
    const results = await model.session.run({
      prompt: tensorOf(ints([1, ids.length], ids)),
      length: tensorOf({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(length)) }),
      temperature: tensorOf(floats([], [0])),
      seed: tensorOf({ dtype: "int64", shape: [], data: BigInt64Array.of(1n) }),
    });
    const tokens = Array.from(results.tokens?.data as Int32Array, (id) => metadata.vocabulary[id]);
    expect(tokens, "exported generate form").toEqual(expected);
    const onPage: unknown[] = [];
    const request = { prompt: ids, length, sampling: greedy, random: randomStream(1, "generate") };
    for await (const id of generator.generate({ ...request, parameters: feedsOf(page.parameters) }))
      onPage.push(metadata.vocabulary[id]);
    expect(onPage, "web page").toEqual(expected);
  }

  // The program samples: with a temperature of 0 it prints the most likely text.
  for (const [kind, run] of [["mjs", nodeOutput], ...(pythonRuns ? [["py", pythonOutput] as const] : [])] as const) {
    const code = readFileSync(model.program(kind), "utf8");
    expect(code).toContain("0.8");
    writeFileSync(model.program(kind), code.replace("0.8", "0"));
    const prompt = String(constantOf(readFileSync(model.program("mjs"), "utf8"), "ids"));
    expect(await run(model)).toBe((await generated(prompt, 40)).join(unit === "word" ? " " : ""));
  }
});
