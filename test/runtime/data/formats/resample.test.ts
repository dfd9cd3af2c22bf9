/** Samples at another rate: torchaudio's numbers, tones that stay, and tones above the new range that vanish. */
import { expect, test } from "vitest";
import { resample } from "../../../../runtime/data/formats/resample.js";
import { readFixture } from "../../../support/reference-numbers.js";
import { tone } from "../../../support/wav.js";

interface Case {
  readonly from: number;
  readonly to: number;
  readonly output: readonly number[];
}

const { cases } = readFixture<{ readonly cases: readonly Case[] }>("resample.json");
const samples = Float32Array.from({ length: 90 }, (_, i) => Math.floor(1000 * Math.sin(0.01 * i * i + 1)) / 1000);

test.each(cases.map((fixture) => [fixture.from, fixture.to, fixture.output] as const))(
  "from %i to %i samples per second as by torchaudio",
  (from, to, expected) => {
    const output = resample(samples, from, to);
    expect(output).toHaveLength(expected.length);
    expect(Array.from(output)).toEqual(expected.map((value) => expect.closeTo(value, 6)));
  },
);

const inner = (output: Float32Array) => Array.from(output.subarray(40, -40));

test.each([
  [16000, 8000],
  [8000, 16000],
  [44100, 8000],
  [22050, 8000],
])("a tone from %i to %i samples per second is the tone at the new rate", (from, to) => {
  const expected = inner(tone(440, to / 10, to));
  expect(inner(resample(tone(440, from / 10, from), from, to))).toEqual(
    expected.map((value) => expect.closeTo(value, 2)),
  );
});

test.each([16000, 44100, 22050])("a tone above half the new rate vanishes, from %i", (from) => {
  const output = resample(tone(5500, from / 10, from), from, 8000);
  expect(Math.max(...inner(output).map(Math.abs))).toBeLessThan(0.01);
});

test("the same rate leaves the samples", () => {
  expect(resample(samples, 8000, 8000)).toBe(samples);
});
