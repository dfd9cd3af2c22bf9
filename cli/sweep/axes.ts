/** The values that a sweep tries, from its flags: `--grid path=a,b,c` and `--sample path=low..high`. */
import { InvalidArgumentError } from "commander";
import type { GridAxis, SampleAxis } from "../../runtime/sweep/plan.js";
import type { Json } from "../../schema/pointer.js";

export function gridAxis(text: string, earlier: readonly GridAxis[] = []): readonly GridAxis[] {
  const { path, rest } = parted(text, "path.to.key=a,b,c");
  return [...fresh(path, earlier), { path, values: valuesOf(rest) }];
}

export function sampleAxis(text: string, earlier: readonly SampleAxis[] = []): readonly SampleAxis[] {
  const { path, rest } = parted(text, "path.to.key=low..high");
  return [...fresh(path, earlier), rangeOf(path, rest) ?? { type: "choice", path, values: valuesOf(rest) }];
}

function parted(text: string, form: string): { readonly path: string; readonly rest: string } {
  const equals = text.indexOf("=");
  if (equals < 1 || equals === text.length - 1) throw new InvalidArgumentError(`It takes ${form}.`);
  return { path: text.slice(0, equals), rest: text.slice(equals + 1) };
}

function fresh<T extends { readonly path: string }>(path: string, earlier: readonly T[]): readonly T[] {
  if (earlier.some((axis) => axis.path === path)) throw new InvalidArgumentError(`It gives ${path} twice.`);
  return earlier;
}

/** JSON values with commas between them; where that is no JSON, words. */
function valuesOf(text: string): readonly Json[] {
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

const number = String.raw`[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?`;
const range = new RegExp(String.raw`^(${number})\.\.(${number})(:log)?$`, "i");

/** A range; ends that are written as whole numbers draw whole numbers. */
function rangeOf(path: string, text: string): SampleAxis | undefined {
  const [, from, to, log] = range.exec(text) ?? [];
  if (from === undefined || to === undefined) return undefined;
  const [low, high] = [Number(from), Number(to)];
  if (low >= high) throw new InvalidArgumentError("A range goes from the smaller number to the larger.");
  if (log !== undefined && low <= 0) throw new InvalidArgumentError("A range in factors begins above 0.");
  const whole = [from, to].every((end) => /^[+-]?\d+$/.test(end));
  return { type: "range", path, low, high, scale: log === undefined ? "linear" : "log", whole };
}
