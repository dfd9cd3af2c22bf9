/** Heat maps of values from 0 up, as small SVG images with a label for each row and column. */
import { fontFamily, lightPalette } from "../palette.js";

export interface HeatMap {
  readonly title: string;
  /** Labels; null for none. */
  readonly rows: readonly (string | null)[];
  readonly columns: readonly (string | null)[];
  /** Row by row. A value of 0 has no cell. */
  readonly values: readonly ArrayLike<number>[];
  /** The value of the darkest color. */
  readonly maximum: number;
}

/** Pixels of a cell and of the labels' font, for maps of up to 20 steps and for larger ones. */
const SIZES = { small: { cell: 13, font: 10 }, large: { cell: 10, font: 9 } } as const;
const LARGE_STEPS = 20;
/** The width of a character by the font size, for the space of the labels. */
const CHARACTER = 0.66;
const MAX_LABEL = 12;
/** Shades between the lightest and the darkest color. */
const SHADES = 24;
const GAP = 5;
const TITLE_HEIGHT = 20;

export function heatMapSvg({ title, rows, columns, values, maximum }: HeatMap): string {
  const labelsOf = (texts: HeatMap["rows"]) => texts.map((text) => (text === null ? "" : visibleLabel(text)));
  const [rowLabels, columnLabels] = [labelsOf(rows), labelsOf(columns)];
  const { cell, font } = SIZES[Math.max(rows.length, columns.length) > LARGE_STEPS ? "large" : "small"];
  const widthOf = (labels: readonly string[]) =>
    Math.ceil(Math.max(0, ...labels.map((text) => [...text].length)) * CHARACTER * font) + 3;
  const left = widthOf(rowLabels) + GAP;
  const isTurned = columnLabels.some((label) => [...label].length > 2);
  const top = TITLE_HEIGHT + (isTurned ? widthOf(columnLabels) : font) + GAP;
  const [width, height] = [left + cell * columns.length + 1, top + cell * rows.length + 1];
  const cells = new Map<number, string>();
  for (const [row, entries] of values.entries())
    for (const [column, value] of Array.from(entries).entries()) {
      if (value === 0) continue;
      const shade = Math.round((SHADES * Math.min(value, maximum)) / (maximum || 1));
      const square = `M${left + cell * column} ${top + cell * row}h${cell - 1}v${cell - 1}h${1 - cell}z`;
      cells.set(shade, (cells.get(shade) ?? "") + square);
    }
  const label = (text: string, x: number, y: number, anchor: string, turned = false) =>
    text === ""
      ? ""
      : `<text x="${x}" y="${y}" text-anchor="${anchor}"${turned ? ` transform="rotate(-90 ${x} ${y})"` : ""}>${escapeXml(text)}</text>`;
  const center = (index: number) => cell * index + cell / 2;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<g font-family="${fontFamily}" font-size="${font}" fill="${lightPalette.mutedText}">`,
    `<text x="${left}" y="12" font-size="12" font-weight="600" fill="${lightPalette.text}">${escapeXml(title)}</text>`,
    ...rowLabels.map((text, row) => label(text, left - GAP, top + center(row) + 3, "end")),
    ...columnLabels.map((text, column) =>
      isTurned
        ? label(text, left + center(column) + 3, top - GAP, "start", true)
        : label(text, left + center(column) - 0.5, top - GAP, "middle"),
    ),
    "</g>",
    ...[...cells].map(([shade, path]) => `<path fill="${shadeColor(shade / SHADES)}" d="${path}"/>`),
    "</svg>",
  ].join("");
}

/** A label of one line: white space as symbols, long ones shortened. */
export function visibleLabel(text: string): string {
  const visible = text.replaceAll("\n", "↵").replaceAll("\t", "⇥").replaceAll(" ", "␣") || "∅";
  const characters = [...visible];
  return characters.length > MAX_LABEL ? `${characters.slice(0, MAX_LABEL - 1).join("")}…` : visible;
}

/** From the color of panels to the accent, by a share from 0 to 1. */
function shadeColor(share: number): string {
  const channels = (color: string) => [1, 3, 5].map((start) => Number.parseInt(color.slice(start, start + 2), 16));
  const [from, to] = [channels(lightPalette.tint), channels(lightPalette.accent)];
  return `#${from
    .map((channel, index) => Math.round(channel + share * ((to[index] ?? 0) - channel)))
    .map((channel) => channel.toString(16).padStart(2, "0"))
    .join("")}`;
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
