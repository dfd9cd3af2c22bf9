/**
 * Explains an index without an entry, which the runtime finds while it trains: the equation or the table that reads it. The
 * messages are those of ONNX Runtime 1.30.
 */
import { isObject } from "../../schema/json-pointer.js";
import type { NormalSpec } from "../../schema/normal/index.js";
import type { RunProblem } from "../problem.js";

/** @returns undefined for another error, and where neither an equation nor an onnx layer can be its cause. */
export function explainIndexError(error: unknown, spec: NormalSpec): RunProblem | undefined {
  const text = error instanceof Error ? error.message : "";
  const problem = (message: string, hint: string) => ({ code: "index-range", path: "", message, hint });
  const [, id, last] = /idx=(-?\d+) must be within the inclusive range \[-?\d+,(\d+)\]/.exec(text) ?? [];
  const files = spec.model.flatMap((layer) =>
    layer.layer === "onnx" ? [`layer "${layer.name}" (${layer.file})`] : [],
  );
  if (last !== undefined && files.length > 0)
    return problem(
      `The id ${id} has no row in a table of ${Number(last) + 1} rows in ${files.join(" or ")}.`,
      `The largest id is ${last}: correct the data.`,
    );
  const uses = gatherUses(spec);
  if (uses.length === 0 || (last === undefined && !/GatherElements op: Out of range value/.test(text)))
    return undefined;
  return problem(
    `An index of gather is beyond the last axis, in ${uses.join(" or ")}.`,
    "Indices are from 0, up to the size of the last axis less 1: correct the equation or the data.",
  );
}

/** The equations with `gather`, after what they define: `the loss "mine": loss = -gather(y, t)`. */
function gatherUses({ losses, metrics, layers, activations, cells, model }: NormalSpec): readonly string[] {
  const found = new Set<string>();
  const visit = (value: unknown, what: string, name: string): void => {
    if (Array.isArray(value)) for (const entry of value) visit(entry, what, name);
    if (!isObject(value)) return;
    const ownName = typeof value.name === "string" ? value.name : name;
    for (const [key, member] of Object.entries(value))
      if (key === "equations" && Array.isArray(member)) {
        for (const equation of member)
          if (/\bgather\s*\(/.test(`${equation}`)) found.add(`the ${what} "${ownName}": ${equation}`);
      } else visit(member, what, key === "definition" || typeof value.name === "string" ? ownName : key);
  };
  for (const [what, section] of Object.entries({ loss: losses, metric: metrics, layer: [layers, model] }))
    visit(section, what, what);
  visit(activations, "activation", "");
  visit(cells, "cell", "");
  return [...found];
}
