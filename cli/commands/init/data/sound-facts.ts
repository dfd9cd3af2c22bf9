/** The sound files of a folder: durations, rates, and the parts of their names. */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expandPattern } from "../../../../runtime/data/formats/file-list.js";
import { readWav } from "../../../../runtime/data/formats/wav.js";
import { collectNumbers, type NumberStatistics } from "../../../../runtime/data/number-statistics.js";
import { formatCount, formatInteger, listFirst } from "../../../../runtime/format.js";
import type { RunProblem } from "../../../../runtime/problem.js";
import { fail, ok, type Result } from "../../../../runtime/result.js";
import { unreadableFile } from "../../../../runtime/storage/system-errors.js";
import { histogramText } from "../../../histogram-text.js";

interface SoundMeasures {
  /** Files by samples per second, the commonest first. */
  readonly rates: ReadonlyMap<number, number>;
  /** In seconds. */
  readonly durations: NumberStatistics;
}

export interface SoundFacts extends SoundMeasures {
  readonly files: number;
  /** Of the files in the folder: `*.wav`, or those of its folders. */
  readonly pattern: string;
  /** The values of each part of the names with their counts; of files in folders the folder alone. */
  readonly parts: readonly ReadonlyMap<string, number>[];
  /** Between the parts; null for files in folders. */
  readonly separator: "_" | "-" | null;
}

/** Null for a folder without sound files in it or in its folders. */
export function readSoundFacts(folder: string): Result<SoundFacts | null> {
  const own = expandPattern("*.wav", folder);
  const files = own.length > 0 ? own : expandPattern("*/*.wav", folder);
  if (files.length === 0) return ok(null);
  const measures = measureSounds(files.map((name) => join(folder, name)));
  if (!measures.ok) return measures;
  const { parts, separator } =
    own.length > 0 ? nameParts(own) : { parts: [countsOf(files, (name) => name.split("/")[0])], separator: null };
  const pattern = own.length > 0 ? "*.wav" : "*/*.wav";
  return ok({ files: files.length, pattern, ...measures.value, parts, separator });
}

/** The rates and durations of sound files. */
export function measureSounds(files: readonly string[]): Result<SoundMeasures> {
  const rates = new Map<number, number>();
  const seconds = collectNumbers();
  const problems: RunProblem[] = [];
  for (const file of files) {
    try {
      const sound = readWav(readFileSync(file));
      if (!sound.ok) {
        const { fault, hint } = sound.error;
        problems.push({ code: "file-format", path: "", file, message: `"${file}" cannot be read: ${fault}.`, hint });
        continue;
      }
      const { sampleRate, samples } = sound.value;
      rates.set(sampleRate, (rates.get(sampleRate) ?? 0) + 1);
      seconds.add(samples.length / sampleRate);
    } catch (error) {
      problems.push(unreadableFile("", file, error));
    }
  }
  const durations = seconds.finish();
  if (problems.length > 0 || durations === null) return fail(problems.slice(0, 20));
  return ok({ rates: new Map([...rates].sort(([, a], [, b]) => b - a)), durations });
}

/** The parts of names by the separator that gives all of them as many. */
function nameParts(files: readonly string[]): Pick<SoundFacts, "parts" | "separator"> {
  const stems = files.map((name) => basename(name).replace(/\.wav$/i, ""));
  for (const separator of ["_", "-"] as const) {
    const [first, ...others] = stems.map((stem) => stem.split(separator));
    const count = first?.length ?? 0;
    if (first === undefined || count < 2 || others.some(({ length }) => length !== count)) continue;
    const parts = first.map((_, place) => countsOf(stems, (stem) => stem.split(separator)[place]));
    return { parts, separator };
  }
  return { parts: [], separator: "_" };
}

function countsOf(names: readonly string[], partOf: (name: string) => string | undefined): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) {
    const value = partOf(name) ?? "";
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return new Map([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function soundFactsRecord({ files, rates, durations, parts }: SoundFacts): object {
  return {
    sounds: files,
    seconds: durations,
    sample_rates: Object.fromEntries(rates),
    names: parts.map((values) => (values.size <= 100 ? Object.fromEntries(values) : values.size)),
  };
}

const short = (value: number) => `${Number(value.toPrecision(3))}`;

export function soundFactsText({ files, rates, durations, parts, separator }: SoundFacts): string {
  const lines = parts.map((values, index) => {
    const what = separator === null ? "folders" : `part ${index + 1} of the names`;
    const list = [...values].map(([value, count]) => `${value} (${formatInteger(count)})`);
    return `${what}: ${values.size > 20 ? formatCount(values.size, "value") : listFirst(list, 20)}`;
  });
  return [measuresText(files, { rates, durations }), ...lines].join("\n");
}

/** Two lines about sounds: their durations and rates, and a histogram of the durations. */
export function measuresText(files: number, { rates, durations }: SoundMeasures): string {
  const { min, mean, max } = durations;
  const [[rate] = [0]] = rates;
  const hertz =
    rates.size === 1
      ? `${formatInteger(rate)} Hz`
      : [...rates].map(([each, count]) => `${formatInteger(each)} Hz (${formatInteger(count)})`).join(", ");
  const [from, to] = [`${short(min)} s`, `${short(max)} s`];
  return [
    `${formatCount(files, "sound")} of ${short(min)} to ${short(max)} seconds (${short(mean)} on average) at ${hertz}`,
    `durations: ${from} ${histogramText(durations.histogram)} ${to}`,
  ].join("\n");
}
