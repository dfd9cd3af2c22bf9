/** The colors of charts, reports, the dashboard and the web pages, for light and for dark backgrounds. */

export interface Palette {
  /** The page, and panels of a lower contrast on it. */
  readonly background: string;
  readonly panel: string;
  readonly line: string;
  readonly text: string;
  readonly mutedText: string;
  readonly accent: string;
  readonly accentText: string;
  readonly tint: string;
  readonly error: string;
  /** Curves: values of every step, and evaluations of each split. */
  readonly step: string;
  readonly train: string;
  readonly validation: string;
  readonly test: string;
}

export const lightPalette: Palette = {
  background: "#ffffff",
  panel: "#f6f8fa",
  line: "#dfe4ea",
  text: "#1f2933",
  mutedText: "#626e7b",
  accent: "#2563a8",
  accentText: "#ffffff",
  tint: "#e8f0f8",
  error: "#a3402c",
  step: "#9db8d6",
  train: "#2563a8",
  validation: "#d9622b",
  test: "#3a8a5c",
};

const darkPalette: Palette = {
  background: "#14181d",
  panel: "#1c2229",
  line: "#2c343d",
  text: "#e4e8ed",
  mutedText: "#93a0ae",
  accent: "#6ba6e6",
  accentText: "#0f1a26",
  tint: "#1f3247",
  error: "#ee9d8a",
  step: "#46617e",
  train: "#6ba6e6",
  validation: "#f0885a",
  test: "#63b98a",
};

/** Colors of categories, with enough contrast on white and distinct under color blindness. */
export const categoryColors = [
  "#2563a8",
  "#d9622b",
  "#3a8a5c",
  "#8a5a9e",
  "#b8860b",
  "#4a9aa8",
  "#a83258",
  "#6b7280",
] as const;

export const fontFamily = "system-ui, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif";

/** The palette as custom properties of CSS: `mutedText` is `--muted-text`. The dark one follows the reader's system. */
export function paletteCss(): string {
  return `:root { color-scheme: light dark; ${properties(lightPalette)} }
@media (prefers-color-scheme: dark) { :root { ${properties(darkPalette)} } }
`;
}

/** The light palette alone, for pages that are printed. */
export function lightPaletteCss(): string {
  return `:root { ${properties(lightPalette)} }\n`;
}

function properties(palette: Palette): string {
  return Object.entries(palette)
    .map(([name, color]) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}: ${color};`)
    .join(" ");
}
