/** Writes the pairs of the gallery: number words to digits, and shapes (as vectors) to captions. The same bytes every time. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const ones = ["", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
const teens = ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"];
const small = [...ones, ...teens];
const tens = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/** 1 … 999 in words. */
function words(number) {
  const hundreds = Math.floor(number / 100);
  const rest = number % 100;
  const parts = hundreds > 0 ? [small[hundreds], "hundred"] : [];
  if (rest > 0 && hundreds > 0) parts.push("and");
  if (rest >= 20) parts.push(tens[Math.floor(rest / 10)], small[rest % 10]);
  else parts.push(small[rest]);
  return parts.filter((word) => word !== "").join(" ");
}

const numbers = Array.from({ length: 999 }, (_, index) => index + 1);
writeFileSync(join(folder, "numbers.tsv"), numbers.map((n) => `${words(n)}\t${[...`${n}`].join(" ")}\n`).join(""));

const colors = ["red", "green", "blue", "yellow"];
const shapes = ["circle", "square", "triangle"];
const sizes = ["small", "large"];
const captions = colors.flatMap((color, c) =>
  shapes.flatMap((shape, s) =>
    sizes.flatMap((size, z) =>
      [0, 1, 2].map((left) => {
        const source = [...colors.map((_, i) => +(i === c)), ...shapes.map((_, i) => +(i === s)), z, left / 2];
        const place = ["on the left", "in the middle", "on the right"][left];
        return { source, target: `a ${size} ${color} ${shape} ${place}` };
      }),
    ),
  ),
);
writeFileSync(join(folder, "captions.jsonl"), captions.map((pair) => `${JSON.stringify(pair)}\n`).join(""));
