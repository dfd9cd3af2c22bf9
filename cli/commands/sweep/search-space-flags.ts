/** Parsers of the search space: `--grid path=a,b,c` and `--sample path=low..high`. */
import { InvalidArgumentError } from "commander";
import type { GridAxis, SampleAxis } from "../../../runtime/sweep/search-space.js";
import type { Json } from "../../../schema/json-pointer.js";

export function parseGridAxis(text: string, previous: readonly GridAxis[] = []): readonly GridAxis[] {
  const { path, rest } = splitFlag(text, "path.to.key=a,b,c");
  return [...checkUniquePath(path, previous), { path, values: parseValues(rest) }];
}

export function parseSampleAxis(text: string, previous: readonly SampleAxis[] = []): readonly SampleAxis[] {
  const { path, rest } = splitFlag(text, "path.to.key=low..high");
  return [
    ...checkUniquePath(path, previous),
    parseRange(path, rest) ?? { type: "choice", path, values: parseValues(rest) },
  ];
}

function splitFlag(text: string, form: string): { readonly path: string; readonly rest: string } {
  const equals = text.indexOf("=");
  if (equals < 1 || equals === text.length - 1) throw new InvalidArgumentError(`Expected ${form}.`);
  return { path: text.slice(0, equals), rest: text.slice(equals + 1) };
}

function checkUniquePath<T extends { readonly path: string }>(path: string, previous: readonly T[]): readonly T[] {
  if (previous.some((axis) => axis.path === path)) throw new InvalidArgumentError(`Duplicate path ${path}.`);
  return previous;
}

/** JSON values separated by commas; values that are not JSON are strings. */
function parseValues(text: string): readonly Json[] {
  try {
    return JSON.parse(`[${text}]`);
  } catch {
    return text.split(",").map((word) => {
      try {
        return JSON.parse(word);
      } catch {
        return word.trim();
      }
    });
  }
}

const numberPattern = String.raw`[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?`;
const rangePattern = new RegExp(String.raw`^(${numberPattern})\.\.(${numberPattern})(:log)?$`, "i");

/** A range; integer bounds give integer samples. */
function parseRange(path: string, text: string): SampleAxis | undefined {
  const [, from, to, log] = rangePattern.exec(text) ?? [];
  if (from === undefined || to === undefined) return undefined;
  const [low, high] = [Number(from), Number(to)];
  if (low >= high) throw new InvalidArgumentError("The lower bound of a range must be less than the upper bound.");
  if (log !== undefined && low <= 0) throw new InvalidArgumentError("A log range must start above 0.");
  const isInteger = [from, to].every((end) => /^[+-]?\d+$/.test(end));
  return { type: "range", path, low, high, scale: log === undefined ? "linear" : "log", integer: isInteger };
}
