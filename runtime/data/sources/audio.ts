/** Sound files with a label each: the samples are the time steps, padded with zeros to the lengths of a batch. */
import { createHash } from "node:crypto";
import type { NormalAudioData } from "../../../schema/normal/index.js";
import { fail, ok } from "../../result.js";
import type { NumericArray } from "../../tensors/array.js";
import { bucketize } from "../batching/buckets.js";
import { gatherLengths, gatherSequences } from "../batching/windows.js";
import { duplicateNotices } from "../duplicates.js";
import { mapPattern } from "../formats/file-list.js";
import { createProblemList } from "../formats/problem-list.js";
import { type Classes, classNotices, decodeClasses, fitClasses, intern } from "../labels.js";
import { type DataSource, expectedBatchSize, type SourceKind } from "../source.js";
import type { Splits } from "../splits.js";
import { encodeLabels } from "../vocabulary/lookup.js";
import { listSounds, placeOfSound, type SoundFile } from "./audio-files.js";
import { mapSplitFiles, splitLines } from "./line-splits.js";
import { readSounds, type Sounds } from "./sounds.js";

export const audio: SourceKind<NormalAudioData> = {
  async open(data, { folder, seed, fittedMetadata, recordedClasses }) {
    const notices: string[] = [];
    const listed = await listSounds(data, folder, (notice) => notices.push(notice));
    if (!listed.ok) return listed;
    const files = listed.value;
    const labels = files.map(({ label }) => label);
    const ids = new Map<string, number>();
    const split = splitLines(
      data,
      seed,
      files,
      labels.map((label) => intern(ids, label)),
    );
    if (!split.ok) return split;
    const fitted = fittedMetadata?.type === "audio" ? fittedMetadata.classes : undefined;
    const encoded =
      fitted === undefined ? ok(fitClasses(labels, recordedClasses.get(null))) : encodeLabels(labels, fitted);
    if (!encoded.ok) return fail(unknownLabels(files, encoded.error));
    const sounds = await readSounds(files, folder, data);
    if (!sounds.ok) return sounds;
    const { digests } = sounds.value;
    const duplicates =
      fitted === undefined
        ? duplicateNotices(
            split.value,
            (example) => digests[example] ?? "",
            (example) => placeOfSound(files[example] as SoundFile),
          )
        : [];
    notices.push(...sounds.value.notices, ...classNotices(encoded.value, fitted !== undefined), ...duplicates);
    return ok(audioSource(data, { files, sounds: sounds.value, classes: encoded.value, notices }, split.value));
  },
  mapFiles(data, rename) {
    return { ...data, file: mapPattern(data.file, rename), split: mapSplitFiles(data.split, rename) };
  },
};

interface Recordings {
  readonly files: readonly SoundFile[];
  readonly sounds: Sounds;
  readonly classes: Classes;
  readonly notices: readonly string[];
}

function audioSource(
  data: NormalAudioData,
  { files, sounds, classes, notices }: Recordings,
  splits: Splits,
): DataSource {
  const { series, starts, digests } = sounds;
  const { names, count: classCount, ids } = classes;
  const lengths = files.map((_, index) => (starts[index + 1] ?? 0) - (starts[index] ?? 0));
  const { buckets, paddedLength } = bucketize(lengths, splits.train, data.buckets);
  return {
    examples: files.length,
    splits,
    ...(buckets.length > 1 && { buckets }),
    digest: createHash("sha256")
      .update(JSON.stringify([data.sample_rate, names, digests]))
      .update(ids)
      .digest("hex"),
    notices,
    nameOf: (example) => `"${files[example]?.file ?? ""}"`,
    metadata: { type: "audio", sample_rate: data.sample_rate, classes: names },
    signature: (train) => ({
      inputs: { dtype: "float32", shape: ["batch", "time", 1] },
      targets: { dtype: "int32", shape: ["batch"] },
      lengths: { dtype: "int64", shape: ["batch"] },
      sizes: { features: 1, classes: classCount },
      expected: { batch: expectedBatchSize(train, splits), time: paddedLength(splits.train) },
    }),
    batch(indices) {
      const [count, time] = [indices.length, paddedLength(indices)];
      const targets = Int32Array.from(indices, (index) => ids[index] ?? 0);
      return new Map<string, NumericArray>([
        ["inputs", gatherSequences(series, starts, indices, time, [count, time, 1])],
        ["targets", { dtype: "int32", shape: [count], data: targets }],
        ["lengths", gatherLengths(starts, indices)],
      ]);
    },
    findOutOfRange(array, limit, reason) {
      const index = array === "targets" ? ids.findIndex((id) => id >= limit) : -1;
      const found = files[index];
      if (found === undefined) return undefined;
      const { file, path, line } = found;
      const name = names?.[ids[index] ?? 0];
      const what = `class ${ids[index]}${name === undefined ? "" : `, "${name}"`}`;
      const message = line === null ? `"${file}" has ${what}.` : `${line.file}:${line.line}: The line has ${what}.`;
      return {
        code: "sound-class",
        path,
        file: line?.file ?? file,
        ...(line && { line: line.line }),
        message,
        hint: reason,
      };
    },
    decode: (predictions) => decodeClasses(predictions, classes),
  };
}

/** @param indices of the files whose labels are no classes of the model. */
function unknownLabels(files: readonly SoundFile[], indices: readonly number[]) {
  const problems = createProblemList();
  for (const index of indices) {
    const { file, path, line, label } = files[index] as SoundFile;
    const place = line === null ? `"${file}"` : `${line.file}:${line.line}`;
    const message = `${place}: "${label}" is not one of the model's classes.`;
    const hint = "Remove it, or train with data that has this class.";
    problems.add([
      { code: "unknown-class", path, file: line?.file ?? file, ...(line && { line: line.line }), message, hint },
    ]);
  }
  return problems.list();
}
