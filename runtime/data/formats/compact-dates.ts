/** Integers that are dates in digits alone: days such as 20240131, and months such as 202401. */
import { dateReader } from "./date-values.js";

/** The digits of each format, and the different values from which integers are dates: few other numbers are dates too. */
const compactFormats = [
  { format: "%Y%m%d", digits: 8, least: 3 },
  { format: "%Y%m", digits: 6, least: 10 },
] as const;
/** Years of series. */
const [FIRST_YEAR, LAST_YEAR] = [1800, 2200];

const digitsPattern = /^\d+$/;

/** The format of integers that are all dates of the years 1800 to 2200; null for other integers; undefined for other texts. */
export function compactFormatOf(texts: readonly string[]): string | null | undefined {
  if (texts.length === 0 || !texts.every((text) => digitsPattern.test(text))) return undefined;
  const found = compactFormats.find(({ format, digits, least }) => {
    const read = dateReader(format);
    const isCompactDate = (text: string) => {
      const year = Number(text.slice(0, 4));
      return text.length === digits && year >= FIRST_YEAR && year <= LAST_YEAR && !Number.isNaN(read(text));
    };
    return texts.every(isCompactDate) && new Set(texts).size >= least;
  });
  return found?.format ?? null;
}
