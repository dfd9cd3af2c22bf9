/**
 * Time series in the `.ts` format of sktime and the UCR archive: a header of `@` lines, then one series per line. Its
 * dimensions are separated by ":", their values by ",", and a label follows the last ":".
 */
import { formatCount } from "../../format.js";
import { fail, ok, type Result } from "../../result.js";
import type { JsonLine } from "./json-line.js";
import { parseNumber } from "./number-notation.js";

/** The fault of a line as a predicate, with a hint. */
export interface LineFault {
  readonly fault: string;
  readonly hint: string;
}

const lineHint = "Write the values of a dimension with commas, a colon after each dimension, and the label at the end.";

/** A parser of lines in order. The result is null for lines of the header and comments. */
export function createTimeSeriesParser(): (text: string) => Result<JsonLine | null, LineFault> {
  const header = new Map<string, string>();
  let isData = false;
  return (text) => {
    const trimmed = text.trim();
    if (trimmed.startsWith("#") || trimmed.startsWith("%")) return ok(null);
    if (trimmed.startsWith("@")) {
      const [name = "", value = ""] = trimmed.split(/\s+/u);
      header.set(name.toLowerCase(), value.toLowerCase());
      isData ||= name.toLowerCase() === "@data";
      if (name.toLowerCase() !== "@timestamps" || value.toLowerCase() !== "true") return ok(null);
      return fail({ fault: "declares time stamps", hint: "Write the values alone, and @timeStamps false." });
    }
    if (!isData)
      return fail({ fault: "is before @data", hint: 'Begin the file with a header that ends in a line "@data".' });
    return parseSeries(trimmed, header.get("@classlabel") === "true" || header.get("@targetlabel") === "true");
  };
}

/** One line: `inputs`, a vector per step with one number for each dimension, and the label as text. */
function parseSeries(text: string, hasLabel: boolean): Result<JsonLine, LineFault> {
  const fields = text.split(":").map((field) => field.trim());
  const label = hasLabel ? (fields.pop() ?? "") : undefined;
  if (fields.length === 0) return fail({ fault: "has no values before its label", hint: lineHint });
  const dimensions = fields.map((field) => field.split(",").map((value) => value.trim()));
  const steps = dimensions[0]?.length ?? 0;
  const other = dimensions.findIndex((values) => values.length !== steps);
  if (other > 0) {
    const counts = `${formatCount(steps, "step")} in dimension 1 and ${dimensions[other]?.length} in dimension ${other + 1}`;
    return fail({ fault: `has ${counts}`, hint: "Give all dimensions of a series the same steps." });
  }
  const columns = dimensions.map((values) => values.map(parseNumber));
  for (const [dimension, column] of columns.entries()) {
    const step = column.findIndex(Number.isNaN);
    if (step < 0) continue;
    const value = dimensions[dimension]?.[step] ?? "";
    const place = `at step ${step + 1} of dimension ${dimension + 1}`;
    return value === "?" || value.toLowerCase() === "nan"
      ? fail({ fault: `has a missing value ${place}`, hint: "Fill in missing values, or remove the series." })
      : fail({ fault: `has "${value.slice(0, 40)}" ${place}, which is no number`, hint: lineHint });
  }
  const inputs = Array.from({ length: steps }, (_, step) => columns.map((column) => column[step] ?? Number.NaN));
  const line = { inputs, ...(label !== undefined && { label }) };
  return ok({ line, exact: line });
}
