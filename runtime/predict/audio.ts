/** Reads sound files (one, those of a folder or a pattern, or those of a list), and formats their classes. */

import { gatherLengths, gatherSequences } from "../data/batching/windows.js";
import { usesOf } from "../data/source.js";
import { isSoundList, listedPaths, soundPaths } from "../data/sources/audio-files.js";
import { readSounds } from "../data/sources/sounds.js";
import { mergeInOrder } from "../ordered-json.js";
import { fail, ok } from "../result.js";
import { describeClass, describeValues, predictionKeys, toProbabilities } from "./format-predictions.js";
import type { OpenInputs } from "./inputs.js";

export const audio: OpenInputs = async ({ run, file, folder }) => {
  const { metadata, spec } = run;
  if (metadata.type !== "audio") throw new Error("The run was not trained on audio.");
  if (spec.data.type !== "audio") throw new Error("The spec is not one of audio.");
  const listNotices: string[] = [];
  const listed = isSoundList(file)
    ? await listedPaths(spec.data, file, folder, (notice) => listNotices.push(notice))
    : ok(soundPaths(file, folder) ?? []);
  if (!listed.ok) return listed;
  const paths = listed.value;
  if (paths.length === 0) {
    const message = `"${file}" has no .wav files.`;
    const hint = "Name a .wav file, a folder of them, or a list of their paths (.csv, .tsv or .jsonl).";
    return fail([{ code: "file-missing", path: "", file, message, hint }]);
  }
  const sources = paths.map((name) => ({ file: name, path: "" }));
  const sounds = await readSounds(sources, folder, spec.data);
  if (!sounds.ok) return sounds;
  const { series, starts, notices } = sounds.value;
  const lengths = Float64Array.from(sources, (_, index) => (starts[index + 1] ?? 0) - (starts[index] ?? 0));
  return ok({
    lengths,
    hasLengths: true,
    notices: [...listNotices, ...notices],
    nameOf: (example) => `"${paths[example] ?? ""}"`,
    batch(examples) {
      const time = examples.reduce((most, example) => Math.max(most, lengths[example] ?? 0), 0);
      return new Map([
        ["inputs", gatherSequences(series, starts, examples, time, [examples.length, time, 1])],
        ["lengths", gatherLengths(starts, examples)],
      ]);
    },
    formatOf: (output) => ({
      postprocess: (scores) => toProbabilities(output, usesOf(spec, output).outputs, scores),
      describe: (_, scores) =>
        usesOf(spec, output).outputs === "features"
          ? { [predictionKeys(output, "output").value]: describeValues(scores) }
          : describeClass(predictionKeys(output, "label"), scores, metadata.classes),
    }),
    identify: (example, prediction) => mergeInOrder({ file: sources[example]?.file ?? "" }, prediction),
  });
};
