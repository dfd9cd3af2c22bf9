/** Sound files as one list of samples, which spills to a file beyond a memory limit. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { NormalAudioData } from "../../../schema/normal/index.js";
import { formatCount, formatInteger } from "../../format.js";
import type { RunProblem } from "../../problem.js";
import { fail, ok, type Result } from "../../result.js";
import { unreadableFile } from "../../storage/system-errors.js";
import type { FloatSeries } from "../batching/windows.js";
import { createProblemList } from "../formats/problem-list.js";
import { resample } from "../formats/resample.js";
import { readWav, type Sound } from "../formats/wav.js";
import { collectFloats } from "../spill/float-list.js";

export interface Sounds {
  readonly series: FloatSeries;
  /** The start of each sound in the series, and the end of the last one. */
  readonly starts: Float64Array;
  /** SHA-256 of the samples of each sound. */
  readonly digests: readonly string[];
  readonly notices: readonly string[];
}

type Rates = Pick<NormalAudioData, "sample_rate" | "resample">;

interface NamedSound {
  readonly file: string;
  readonly path: string;
}

/** Reads files one after the other; those of another rate are resampled where the data allow it. */
export async function readSounds(files: readonly NamedSound[], folder: string, data: Rates): Promise<Result<Sounds>> {
  const problems = createProblemList();
  const collected = collectFloats.float32();
  const starts = new Float64Array(files.length + 1);
  const digests: string[] = [];
  const mixed: string[] = [];
  const resampled = new Map<number, number>();
  for (const [index, source] of files.entries()) {
    const read = await readSound(source, folder, data);
    if (!read.ok) {
      problems.add([read.error]);
      if (problems.isFull) break;
      continue;
    }
    const { sampleRate, channels } = read.value;
    const samples = resample(read.value.samples, sampleRate, data.sample_rate);
    if (sampleRate !== data.sample_rate) resampled.set(sampleRate, (resampled.get(sampleRate) ?? 0) + 1);
    for (const sample of samples) collected.push(sample);
    starts[index + 1] = (starts[index] ?? 0) + samples.length;
    digests.push(createHash("sha256").update(samples).digest("base64"));
    if (channels > 1) mixed.push(source.file);
  }
  if (problems.size > 0) return fail(problems.list());
  const notices = [
    ...(mixed.length === 0
      ? []
      : [`The channels of ${formatCount(mixed.length, "sound")} are averaged, such as those of "${mixed[0]}".`]),
    ...[...resampled].map(([rate, count]) => resampledNotice(count, rate, data.sample_rate)),
  ];
  return ok({ series: { dtype: "float32", width: 1, data: collected.finish() }, starts, digests, notices });
}

function resampledNotice(count: number, from: number, to: number): string {
  const empty = from < to ? `; they have no frequencies above ${formatInteger(from / 2)} Hz` : "";
  const verb = count === 1 ? "is" : "are";
  return `${formatCount(count, "sound")} of ${formatInteger(from)} Hz ${verb} resampled to ${formatInteger(to)} Hz${empty}.`;
}

async function readSound(
  { file, path }: NamedSound,
  folder: string,
  { sample_rate: sampleRate, resample: isResampled }: Rates,
): Promise<Result<Sound, RunProblem>> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(resolve(folder, file));
  } catch (error) {
    return fail(unreadableFile(path, file, error));
  }
  const sound = readWav(bytes);
  if (!sound.ok) {
    const { fault, hint } = sound.error;
    return fail({ code: "file-format", path, file, message: `"${file}" cannot be read: ${fault}.`, hint });
  }
  if (sound.value.sampleRate === sampleRate || isResampled) return sound;
  const found = formatInteger(sound.value.sampleRate);
  const message = `"${file}" has ${found} samples per second, not ${formatInteger(sampleRate)}.`;
  const command = `ffmpeg -i in.wav -ar ${sampleRate} out.wav`;
  const hint =
    path === ""
      ? `Convert it: ${command}`
      : `Write "resample": true, "sample_rate": ${sound.value.sampleRate} if all files have it, or convert it: ${command}`;
  return fail({ code: "sample-rate", path: path === "" ? "" : "/data/sample_rate", file, message, hint });
}
