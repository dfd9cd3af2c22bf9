/** Notices of a first row of numbers, which may be the names of the columns or values. */
import type { NormalTableData } from "../../../../schema/normal/index.js";
import { listFirst } from "../../../format.js";
import type { FloatList } from "../../batching/windows.js";
import { parseNumber } from "../../formats/number-notation.js";
import { createScaler } from "../../scaler.js";

/** A notice where the first row was taken for names, but has numbers; null otherwise. */
export function numbersInHeader({ file, header }: NormalTableData, names: readonly string[]): string | null {
  // A column without a name is known by its number.
  const hasNumber = names.some((name, index) => name !== `${index + 1}` && !Number.isNaN(parseNumber(name)));
  if (header !== "auto" || !hasNumber) return null;
  return `The first row of "${file}" names the columns: ${listFirst(names, 8)}. If it has values, set data.header to false.`;
}

/** Distance of a value from the mean of its column, in standard deviations of the other rows, that is stated. */
const FAR = 10;
const MIN_ROWS = 5;

/**
 * A notice where the first row was taken for values, but one is far outside of its column; null otherwise.
 *
 * @param fileNames of all columns of the file. @param names of the columns of `values` [rows, columns].
 */
export function numbersAsRowNotice(
  { file, header, reverse }: NormalTableData,
  fileNames: readonly string[],
  values: FloatList<Float64Array>,
  names: readonly string[],
): string | null {
  const width = names.length;
  const rows = values.length / width;
  const hasNames = fileNames.some((name, index) => name !== `${index + 1}`);
  if (header !== "auto" || hasNames || rows < MIN_ROWS) return null;
  const scalers = names.map(() => createScaler("standard"));
  const first = new Float64Array(width);
  values.copy(first, 0, ...(reverse ? ([values.length - width, values.length] as const) : ([0, width] as const)));
  let index = reverse ? 0 : -width;
  const end = values.length - (reverse ? width : 0);
  for (const chunk of values.chunks())
    for (const value of chunk) {
      if (index >= 0 && index < end) scalers[index % width]?.update(value);
      index += 1;
    }
  const far = names.flatMap((name, column) => {
    const { offset, factor } = scalers[column]?.parameters() ?? { offset: 0, factor: 1 };
    const value = first[column] ?? 0;
    return Math.abs(value - offset) * factor > FAR ? [`${value} in column ${name}`] : [];
  });
  if (far.length === 0) return null;
  return (
    `The first row of "${file}" is read as values, which are far from those of the other rows: ${listFirst(far, 4)}. ` +
    "If it has the names of the columns, set data.header to true."
  );
}
