/**
 * Writes the spoken digits of the gallery's own, the same bytes every time: each digit is a glide between two vowels, of
 * six speakers, who differ in pitch, in the length of the vocal tract and in loudness.
 *
 *     node specs/data/make-sounds.mjs
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chance } from "./chance.mjs";

const folder = join(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "digits");
const RATE = 8000;

/** The first two formants in Hz (G. Peterson, H. Barney, 1952): a, e, i, o, u. */
const vowels = [
  [730, 1090],
  [530, 1840],
  [270, 2290],
  [570, 840],
  [300, 870],
];
const speakers = {
  ann: { pitch: 210, factor: 1.12, loudness: 90 },
  bob: { pitch: 110, factor: 0.96, loudness: 60 },
  cy: { pitch: 130, factor: 1, loudness: 30 },
  dee: { pitch: 190, factor: 1.08, loudness: 70 },
  eve: { pitch: 230, factor: 1.16, loudness: 40 },
  fay: { pitch: 170, factor: 1.04, loudness: 100 },
};

mkdirSync(folder, { recursive: true });
const { whole, uniform } = chance(9);
for (const [name, speaker] of Object.entries(speakers))
  for (let digit = 0; digit < 10; digit++)
    writeFileSync(join(folder, `${digit}_${name}_0.wav`), wav(spoken(digit, speaker)));

/** Harmonics of the pitch under two peaks, which move from the first vowel of a digit to its second. */
function spoken(digit, { pitch, factor, loudness }) {
  const first = digit % 5;
  const [start, end] = [vowels[first], vowels[(first + 1 + 2 * Math.floor(digit / 5)) % 5]];
  const length = whole(1000, 1500);
  const sound = Array.from({ length }, (_, index) => {
    const place = index / length;
    let sum = 0;
    for (let harmonic = 1; harmonic * pitch < 3600; harmonic++) {
      const frequency = harmonic * pitch;
      const gain = start.reduce((total, from, formant) => {
        const peak = factor * (from + (end[formant] - from) * place);
        return total + 1 / (1 + ((frequency - peak) / 90) ** 2) / (formant + 1);
      }, 0.02);
      sum += gain * Math.sin((2 * Math.PI * frequency * index) / RATE + harmonic);
    }
    return sum * Math.sin(Math.PI * place);
  });
  const largest = Math.max(...sound.map(Math.abs));
  return sound.map((sample) => Math.round(128 + (loudness * sample) / largest + 2 * uniform() - 1));
}

/** A WAVE file of 8-bit samples. */
function wav(samples) {
  const header = Buffer.alloc(44);
  header.write("RIFF\0\0\0\0WAVEfmt ", "latin1");
  header.writeUInt32LE(36 + samples.length + (samples.length % 2), 4);
  header.writeUInt32LE(16, 16);
  for (const [at, value] of Object.entries({ 20: 1, 22: 1, 32: 1, 34: 8 })) header.writeUInt16LE(value, Number(at));
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE, 28);
  header.write("data", 36, "latin1");
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, Uint8Array.from(samples), Buffer.alloc(samples.length % 2)]);
}
