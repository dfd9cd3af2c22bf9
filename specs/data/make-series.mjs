/**
 * Writes the music, the shapes, the loads of a transformer and the hours of several series of the gallery, the same bytes every time.
 *
 *     node specs/data/make-series.mjs
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { chance } from "./chance.mjs";

const folder = import.meta.dirname ?? new URL(".", import.meta.url).pathname;

writeFileSync(join(folder, "music.csv"), music(120));
writeFileSync(join(folder, "shapes.jsonl"), shapes(240));
writeFileSync(join(folder, "transformer.csv"), transformer(35));
writeFileSync(join(folder, "hours.csv"), hours(19));

/**
 * Three voices in C major, eight rows a bar, one column for each note, 1 where it sounds: a bass on the first and the fifth
 * row, a broken chord, and a melody that rests on notes of the chord.
 */
function music(bars) {
  const { one, maybe } = chance(6);
  const notes = [2, 3, 4].flatMap((octave) => [..."cdefgab"].map((name) => `${name}${octave}`));
  /** Chords that follow a chord, by the degrees of the scale from 0. */
  const next = { 0: [3, 4, 5], 1: [4], 3: [0, 1, 4], 4: [0, 0, 5], 5: [1, 3] };
  const broken = [0, 2, 4, 2];
  const rows = [];
  let chord = 0;
  let melody = 16;
  for (let bar = 0; bar < bars; bar++) {
    for (let row = 0; row < 8; row++) {
      const sounding = new Set([7 + ((chord + broken[row % 4]) % 7)]);
      if (row % 4 === 0) sounding.add(chord);
      if (row % 2 === 0 || maybe(0.2)) {
        const steps = [-2, -1, 1, 2].map((step) => melody + step).filter((note) => note >= 14 && note <= 20);
        const inChord = steps.filter((note) => [0, 2, 4].includes((note + 7 - chord) % 7));
        melody = one(row % 2 === 0 && inChord.length > 0 ? inChord : steps);
      }
      sounding.add(melody);
      rows.push(notes.map((_, note) => Number(sounding.has(note))).join(","));
    }
    chord = one(next[chord]);
  }
  return `${[notes.join(","), ...rows].join("\n")}\n`;
}

/** Noisy series of 64 steps with a plateau, a rise or a fall between two chosen steps (N. Saito, 1994), and the name of the shape. */
function shapes(count) {
  const { one, whole, normal } = chance(7);
  const heights = {
    cylinder: () => 1,
    bell: (t, start, end) => (t - start) / (end - start),
    funnel: (t, start, end) => (end - t) / (end - start),
  };
  const series = () => {
    const label = one(Object.keys(heights));
    const start = whole(8, 16);
    const end = start + whole(16, 40);
    const scale = 6 + normal();
    const inputs = Array.from({ length: 64 }, (_, t) => {
      const height = t >= start && t <= end ? scale * heights[label](t, start, end) : 0;
      return [Number((height + normal()).toFixed(1))];
    });
    return `${JSON.stringify({ inputs, label })}\n`;
  };
  return Array.from({ length: count }, series).join("");
}

/**
 * Hourly loads of a transformer and the temperature of its oil, with the columns of ETTh1 (H. Zhou et al., Informer, 2021):
 * useful and useless load, high, middle and low. Loads have a cycle of a day and drift; the temperature follows the load.
 */
function transformer(days) {
  const { normal } = chance(8);
  const loads = { HUFL: [8, 5], HULL: [2, 1], MUFL: [5, 4], MULL: [1, 1], LUFL: [3, 0.5], LULL: [1, 0.2] };
  const drift = Object.keys(loads).map(() => 0);
  let oil = 20;
  const rows = Array.from({ length: 24 * days }, (_, index) => {
    const date = new Date(Date.UTC(2024, 0, 1, index)).toISOString().slice(0, 16).replace("T", " ");
    const cycle = Math.sin((2 * Math.PI * (index - 6)) / 24);
    const values = Object.values(loads).map(([mean, width], place) => {
      drift[place] = 0.95 * drift[place] + 0.2 * normal();
      return mean + width * (cycle + drift[place] + 0.2 * normal());
    });
    oil += 0.1 * (10 + values[0] - oil) + 0.3 * normal();
    return [date, ...[...values, oil].map((value) => Number(value.toFixed(1)))].join(",");
  });
  return `${[["date", ...Object.keys(loads), "OT"].join(","), ...rows].join("\n")}\n`;
}

/**
 * Hours of three series in the long form of the M4 competition (S. Makridakis et al., 2020): positive numbers of different
 * sizes with cycles of a day and of a week.
 */
function hours(days) {
  const { normal } = chance(9);
  const rows = [20, 900, 40_000].flatMap((size, series) =>
    Array.from({ length: 24 * days + 12 * series }, (_, index) => {
      const daily = Math.sin((2 * Math.PI * (index + 5 * series)) / 24);
      const weekend = Math.floor(index / 24) % 7 > 4 ? -0.4 : 0;
      return [`H${series + 1}`, index + 1, Math.round(size * Math.exp(0.6 * daily + weekend + 0.05 * normal()))].join(
        ",",
      );
    }),
  );
  return `${["series,hour,value", ...rows].join("\n")}\n`;
}
