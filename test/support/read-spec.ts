/** A small right spec to make others from, and diagnostics as lines to compare. */
import type { Diagnostic } from "../../schema/diagnostics/index.js";
import { type ReadTextOptions, readSpec } from "../../schema/read.js";

export const base = {
  data: { type: "text", text: "hihello", window: 6 },
  model: [{ layer: "one_hot" }, { layer: "rnn", cell: "lstm", hidden_size: 5 }],
  loss: { type: "sequence_loss" },
  optimizer: { type: "adam" },
};

/** `line:column code path | message | hint`, of each diagnostic. */
export function lines(diagnostics: readonly Diagnostic[]): readonly string[] {
  return diagnostics.map(({ line, column, code, path, message, hint }) =>
    [`${line}:${column} ${code}${path === "" ? "" : ` ${path}`}`, message, hint]
      .filter((segment) => segment !== "")
      .join(" | "),
  );
}

/** What is wrong with a spec, given as an object or as text. */
export async function problems(spec: object | string, options?: ReadTextOptions): Promise<readonly string[]> {
  const text = typeof spec === "string" ? spec : JSON.stringify(spec);
  const result = await readSpec(text, options);
  return result.ok ? [] : lines(result.diagnostics);
}

/** The same without positions, for specs made as objects. */
export async function unplacedProblems(spec: object, options?: ReadTextOptions): Promise<readonly string[]> {
  return (await problems(spec, options)).map((line) => line.replace(/^\d+:\d+ /, ""));
}

/** The normal spec; fails the test when there is none. */
export async function normal(spec: object | string, options?: ReadTextOptions) {
  const result = await readSpec(typeof spec === "string" ? spec : JSON.stringify(spec), options);
  if (!result.ok) throw new Error(lines(result.diagnostics).join("\n"));
  return result;
}
