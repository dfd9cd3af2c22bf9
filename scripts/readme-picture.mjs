/**
 * Draws docs/images/run.svg from a real run: a character model is trained from a template, then generates text. The left half is
 * what the commands printed, the right half is the chart of `rnnx plot`. It takes about a minute.
 *
 *     npm run build && node scripts/readme-picture.mjs
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { categoryColors, fontFamily, lightPalette } from "../dist/views/palette.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "rnnx-picture-"));

const COLUMNS = 74;
const LINE_HEIGHT = 17;
const CHARACTER_WIDTH = 7.3;
const MARGIN = 18;

/** Output lines of a command, stdout after stderr. */
function rnnx(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, "bin/rnnx.js"), ...args], {
    cwd: folder,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`rnnx ${args.join(" ")} ended with ${status}: ${stderr}`);
  return `${stderr}${stdout}`.trimEnd().split("\n");
}

const escapeXml = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const shorten = (line) => (line.length > COLUMNS ? `${line.slice(0, COLUMNS - 1)}…` : line);

try {
  rnnx("init", "next-character");
  const train = [
    "train",
    "next-character.json",
    "--steps",
    "360",
    "--set",
    "train.evaluate_every=40",
    "--set",
    "train.sample.every=120",
  ];
  const printed = rnnx(...train);
  const generate = [
    "generate",
    "runs/next-character",
    "--prompt",
    "ROMEO:",
    "--length",
    "170",
    "--temperature",
    "0.5",
    "--seed",
    "3",
  ];
  const written = rnnx(...generate);
  rnnx("plot", "runs/next-character", "--metric", "loss", "--out", "loss.svg");
  const chart = readFileSync(join(folder, "loss.svg"), "utf8");

  const steps = printed.filter((line) => line.startsWith("step "));
  const shown = [1, 2, 3, 4].map((part) => steps[Math.floor((part * (steps.length - 1)) / 4)]);
  const start = printed.find((line) => line.includes("parameters"));
  const samples = printed.filter((line) => line.startsWith("sample "));
  const end = printed.slice(printed.findIndex((line) => line.startsWith("loss ")));
  const lines = [
    { text: `$ npx rnnx ${train.slice(0, 2).join(" ")}`, style: "command" },
    ...[start, ...shown, samples.at(-1)].map((text) => ({ text, style: "quiet" })),
    ...end.slice(0, 2).map((text) => ({ text: text.replace(/, best at.*/, ""), style: "plain" })),
    { text: "", style: "plain" },
    { text: `$ npx rnnx ${generate.slice(0, 4).join(" ")}`, style: "command" },
    ...written.filter((line) => line.trim() !== "").map((text) => ({ text, style: "text" })),
  ];
  const colors = {
    command: categoryColors[0],
    quiet: lightPalette.mutedText,
    plain: lightPalette.text,
    text: categoryColors[2],
  };
  const rows = lines.map(
    ({ text, style }, index) =>
      `<text x="${MARGIN}" y="${MARGIN + LINE_HEIGHT * (index + 1)}" fill="${colors[style]}" xml:space="preserve"${style === "command" ? ' font-weight="600"' : ""}>${escapeXml(shorten(text))}</text>`,
  );
  const [, chartWidth, chartHeight] = /width="(\d+)" height="(\d+)"/.exec(chart).map(Number);
  const left = Math.ceil(2 * MARGIN + COLUMNS * CHARACTER_WIDTH);
  const height = Math.max(2 * MARGIN + LINE_HEIGHT * (lines.length + 1), 320);
  const scale = Math.min(0.75, (height - 2 * MARGIN) / chartHeight);
  const width = Math.ceil(left + chartWidth * scale + MARGIN);
  const picture = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="${width}" height="${height}" rx="8" fill="#ffffff" stroke="${lightPalette.line}"/>
<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="12">
${rows.join("\n")}
</g>
<g transform="translate(${left},${(height - chartHeight * scale) / 2}) scale(${scale})" font-family="${escapeXml(fontFamily)}">${chart}</g>
</svg>
`;
  mkdirSync(join(root, "docs/images"), { recursive: true });
  writeFileSync(join(root, "docs/images/run.svg"), picture);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
