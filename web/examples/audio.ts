/** Sounds with their classes as a training set, and the batches of sounds. */
import type { Batch } from "../../runtime/data/source.js";
import { formatCount } from "../../runtime/format.js";
import { ok } from "../../runtime/result.js";
import type { PageManifest, SampleSound } from "../../runtime/web/page-manifest.js";
import { invalid } from "./parse-lines.js";
import type { LabeledSound, TrainingSetResult } from "./training-set.js";

export function audioTrainingSet(sounds: readonly LabeledSound[]): TrainingSetResult {
  if (sounds.length === 0) return invalid("There are no sounds yet.", "Record some and choose their classes.");
  return ok({
    examples: sounds.length,
    summary: formatCount(sounds.length, "sound"),
    batch(indices) {
      const chosen = Array.from(indices, (index) => sounds[index] ?? { samples: new Float32Array(1), label: 0 });
      const labels = Int32Array.from(chosen, ({ label }) => label);
      return new Map([
        ...soundBatch(chosen.map(({ samples }) => samples)),
        ["targets", { dtype: "int32" as const, shape: [chosen.length], data: labels }],
      ]);
    },
  });
}

/** Sounds padded with zeros to the longest. */
export function soundBatch(sounds: readonly Float32Array[]): Batch {
  const time = sounds.reduce((most, { length }) => Math.max(most, length), 1);
  const data = new Float32Array(sounds.length * time);
  for (const [row, samples] of sounds.entries()) data.set(samples, row * time);
  const lengths = BigInt64Array.from(sounds, ({ length }) => BigInt(length));
  return new Map([
    ["inputs", { dtype: "float32" as const, shape: [sounds.length, time, 1], data }],
    ["lengths", { dtype: "int64" as const, shape: [sounds.length], data: lengths }],
  ]);
}

export function sampleSounds({ samples }: PageManifest): readonly LabeledSound[] {
  return samples?.type === "audio" ? samples.sounds.map(decodeSound) : [];
}

/** Samples of 16 bits, the low byte first. */
function decodeSound({ samples, label }: SampleSound): LabeledSound {
  const bytes = Uint8Array.from(atob(samples), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return {
    label,
    samples: Float32Array.from({ length: bytes.length / 2 }, (_, index) => view.getInt16(2 * index, true) / 2 ** 15),
  };
}
