/**
 * Writes the synthetic data of the gallery, the same bytes every time: prices of a share, temperatures of ten stations,
 * drawn digits, messages, tagged sentences, requests. `make-series.mjs` and `make-pairs.mjs` write the rest.
 *
 *     node specs/data/make.mjs
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { chance } from "./chance.mjs";

const folder = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const write = (name, contents) => writeFileSync(join(folder, name), contents);
const jsonLines = (records) => records.map((record) => `${JSON.stringify(record)}\n`).join("");

write("stock.csv", stock(732));
write("weather.csv", weather(20));
const { images, labels } = digits(1000);
write("digits-images.idx.gz", gzipSync(images, { level: 9 }));
write("digits-labels.idx.gz", gzipSync(labels, { level: 9 }));
write("messages.jsonl", jsonLines(messages(800)));
write("sentences.jsonl", jsonLines(sentences(600)));
write("requests.jsonl", jsonLines(requests(400)));

/** Daily prices, the newest first: a walk that is drawn to a slow trend. */
function stock(days) {
  const { normal, uniform } = chance(1);
  const rows = [];
  let close = 520;
  let drift = 0;
  for (let day = 0; day < days; day++) {
    drift = 0.95 * drift + 0.0012 * normal();
    const open = close * (1 + 0.003 * normal());
    close = open * (1 + 0.0004 + drift + 0.009 * normal());
    const high = Math.max(open, close) * (1 + 0.006 * uniform());
    const low = Math.min(open, close) * (1 - 0.006 * uniform());
    const volume = 100 * Math.round(12000 * (1 + 0.3 * normal() ** 2));
    rows.push([open, high, low].map((price) => price.toFixed(2)).concat(volume, close.toFixed(2)));
  }
  const lines = ["# Invented daily prices of a share, the newest first.", "# Open,High,Low,Volume,Close"];
  return `${[...lines, ...rows.reverse().map((row) => row.join(","))].join("\n")}\n`;
}

/** Hourly temperatures in degrees: a day's wave, later and weaker from station to station, under a sky that all share. */
function weather(days) {
  const { normal } = chance(2);
  const stations = ["harbour", "beach", "airport", "park", "market", "castle", "mill", "lake", "forest", "peak"];
  const offsets = stations.map((_, station) => 14 - 0.9 * station + 0.5 * normal());
  const rows = [];
  let sky = 0;
  for (let hour = 0; hour < days * 24; hour++) {
    sky = 0.97 * sky + 0.4 * normal();
    const row = stations.map((_, station) => {
      // A triangle in place of a sine: the same digits on any machine.
      const phase = (((hour - 9 - station / 4) / 24) % 1) + (hour < 9 + station / 4 ? 1 : 0);
      const wave = 1 - 4 * Math.abs(phase - 0.5);
      return (offsets[station] + (6 - 0.3 * station) * wave + sky + 0.25 * normal()).toFixed(1);
    });
    rows.push(row.join(","));
  }
  return `${[stations.join(","), ...rows].join("\n")}\n`;
}

/** Digits of 28 × 28 pixels as IDX: strokes between points of a grid, moved, slanted, stretched and of varied width. */
function digits(count) {
  const { uniform, whole, normal } = chance(3);
  const size = 28;
  const strokes = [
    [
      [1, 0],
      [0, 1],
      [0, 3],
      [1, 4],
      [2, 3],
      [2, 1],
      [1, 0],
    ],
    [
      [0.3, 1],
      [1.2, 0],
      [1.2, 4],
    ],
    [
      [0, 1],
      [1, 0],
      [2, 1],
      [0, 4],
      [2, 4],
    ],
    [
      [0, 0],
      [2, 0],
      [1, 1.7],
      [2, 3],
      [1, 4],
      [0, 3.5],
    ],
    [
      [1.5, 4],
      [1.5, 0],
      [0, 2.7],
      [2, 2.7],
    ],
    [
      [2, 0],
      [0, 0],
      [0, 1.8],
      [1.3, 1.6],
      [2, 2.8],
      [1.2, 4],
      [0, 3.7],
    ],
    [
      [1.8, 0],
      [0.2, 2],
      [0, 3.2],
      [1, 4],
      [2, 3],
      [1, 2.1],
      [0.1, 2.8],
    ],
    [
      [0, 0],
      [2, 0],
      [0.7, 4],
    ],
    [
      [1, 2],
      [0, 1],
      [1, 0],
      [2, 1],
      [0, 3],
      [1, 4],
      [2, 3],
      [1, 2],
    ],
    [
      [2, 1],
      [1, 2],
      [0, 1],
      [1, 0],
      [2, 1],
      [1.7, 4],
    ],
  ];
  const pixels = new Uint8Array(count * size * size);
  const labels = new Uint8Array(count);
  for (let image = 0; image < count; image++) {
    const digit = whole(0, 9);
    labels[image] = digit;
    const width = 1.2 + 0.7 * uniform();
    const [wide, high] = [5 + 1.2 * normal() * 0.5, 4.4 + 0.4 * normal() * 0.5];
    const slant = 0.15 * normal();
    const [left, top] = [14 - wide + normal(), 14 - 2 * high + normal()];
    const points = strokes[digit].map(([x, y]) => [
      left + wide * (x + 0.08 * normal()) + slant * high * (2 - y),
      top + high * (y + 0.06 * normal()),
    ]);
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        let near = Number.POSITIVE_INFINITY;
        for (let point = 1; point < points.length; point++) {
          near = Math.min(near, distance([column, row], points[point - 1], points[point]));
        }
        // Sixteen shades: gzip likes few.
        const shade = Math.max(0, Math.min(1, width + 0.5 - near));
        pixels[(image * size + row) * size + column] = 17 * Math.round(15 * shade);
      }
    }
  }
  return { images: idx([count, size, size], pixels), labels: idx([count], labels) };
}

/** From a point to a line between two others. */
function distance([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)));
  const [ex, ey] = [x - ax - along * dx, y - ay - along * dy];
  return Math.sqrt(ex * ex + ey * ey);
}

function idx(shape, bytes) {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt8(8, 2);
  header.writeUInt8(shape.length, 3);
  for (const [axis, length] of shape.entries()) header.writeUInt32BE(length, 4 + 4 * axis);
  return Buffer.concat([header, bytes]);
}

/** Messages of 3 to about 20 words, spam or not. Both kinds share most words: what counts is a phrase somewhere in them. */
function messages(count) {
  const { one, whole, maybe } = chance(4);
  const openings = ["hi", "hello", "hey", "dear friend", "good morning", "listen", "so", "ok"];
  const fillers = [
    "see you at the station tonight",
    "call me when you are free",
    "i sent the money for the tickets yesterday",
    "the prize for the best cake was mine",
    "did you win your game",
    "my phone was free of charge after the repair",
    "we can claim the table by the window",
    "the offer for the house came today",
    "please bring the papers now",
    "thanks for the lovely dinner",
    "the train is late again",
    "how was the doctor",
  ];
  const baits = [
    "claim your prize now",
    "win money today",
    "your account won a free phone",
    "limited offer just for you",
    "call this number to win",
    "free tickets if you reply now",
    "you have been chosen for a cash prize",
  ];
  const endings = ["bye", "thanks", "see you", "love", "reply soon", "no charge", "today only"];
  return Array.from({ length: count }, () => {
    const spam = maybe(0.4);
    const parts = Array.from({ length: whole(0, 2) }, () => one(fillers));
    if (spam) parts.splice(whole(0, parts.length), 0, one(baits));
    if (parts.length === 0) parts.push(one(fillers));
    if (maybe(0.6)) parts.unshift(one(openings));
    if (maybe(0.5)) parts.push(one(endings));
    return { text: parts.join(" "), label: spam ? "spam" : "ham" };
  });
}

/** Sentences with a part of speech for each word; some words have another one in another place. */
function sentences(count) {
  const { one, maybe } = chance(5);
  const words = {
    determiner: ["the", "a", "this", "her", "every"],
    adjective: ["old", "small", "green", "light", "quick", "kind"],
    noun: ["dog", "ship", "watch", "saw", "light", "play", "fish", "can", "walk", "river"],
    verb: ["sees", "likes", "finds", "takes", "hears"],
    base: ["watch", "see", "play", "fish", "walk", "light", "find"],
    modal: ["can", "will", "must"],
    adverb: ["slowly", "often", "here", "today"],
    preposition: ["near", "with", "under", "like"],
    pronoun: ["she", "he", "they", "it"],
  };
  const tags = { base: "verb" };
  const say = (...kinds) => kinds.map((kind) => [one(words[kind]), tags[kind] ?? kind]);
  const thing = () => say("determiner", ...(maybe(0.4) ? ["adjective"] : []), "noun");
  const who = () => (maybe(0.4) ? say("pronoun") : thing());
  const does = () => (maybe(0.5) ? say("modal", "base") : say("verb"));
  return Array.from({ length: count }, () => {
    const sentence = [
      ...who(),
      ...does(),
      ...thing(),
      ...(maybe(0.5) ? [...say("preposition"), ...thing()] : []),
      ...(maybe(0.4) ? say("adverb") : []),
    ];
    return { tokens: sentence.map(([word]) => word), tags: sentence.map(([, tag]) => tag) };
  });
}

/** Requests to a house: the intent of each, and the slot that each word fills. */
function requests(count) {
  const { one, maybe } = chance(11);
  const devices = ["light", "lamp", "radio", "heater", "fan", "television"];
  const rooms = ["kitchen", "bedroom", "hall", "office", "garden"];
  const levels = ["one", "two", "three", "four", "five"];
  const plain = (text) => text.split(" ").map((word) => [word, "none"]);
  const device = () => [
    ["the", "none"],
    [one(devices), "device"],
  ];
  const room = () => [...plain(one(["in the", "of the"])), [one(rooms), "room"]];
  const starts = {
    on: ["turn on", "switch on", "start", "i would like to hear or see"],
    off: ["turn off", "switch off", "stop", "i am tired of"],
    set: ["set", "turn", "bring"],
    ask: ["what about", "how is", "tell me about"],
  };
  return Array.from({ length: count }, () => {
    const intent = one(Object.keys(starts));
    const words = [
      ...(maybe(0.3) ? plain("please") : []),
      ...plain(one(starts[intent])),
      ...device(),
      ...(maybe(0.5) ? room() : []),
      ...(intent === "set"
        ? [
            ["to", "none"],
            [one(levels), "level"],
          ]
        : []),
      ...(maybe(0.2) ? plain(one(["now", "again", "tonight"])) : []),
    ];
    return { text: words.map(([word]) => word).join(" "), intent, slots: words.map(([, slot]) => slot) };
  });
}
