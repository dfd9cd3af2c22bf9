/** What `check` finds wrong with a spec, placed in its text, without its data where that lies in files. */
import { check } from "../../compiler/compile.js";
import { inferSignature } from "../../runtime/data/data-signature.js";
import type { Diagnostic } from "../../schema/diagnostics/index.js";
import { normal } from "./read-spec.js";

/** For every way in which the data may turn out, the likeliest first. */
export async function diagnose(text: string): Promise<readonly (readonly Diagnostic[])[]> {
  const { spec, origins, document, folder } = await normal(text);
  const outline = await inferSignature(spec, folder);
  if (!outline.ok) throw new Error(outline.error.map(({ message }) => message).join("\n"));
  return outline.value.signatures.map((signature) => check(spec, signature, origins).map(document.locate));
}

/** `code, where "what stands there": message Hint`, for the likeliest data. */
export async function problemsOf(spec: object): Promise<readonly string[]> {
  const text = JSON.stringify(spec);
  const [likeliest = []] = await diagnose(text);
  return likeliest.map(({ code, path, line, column, message, hint }) => {
    if (line !== 1) throw new Error("one line of text has a problem in another");
    const there = text.slice(column - 1).match(/^(?:"[^"]*"|[^,\]}]*)/)?.[0];
    return `${code}, ${path} ${there}: ${message}${hint === "" ? "" : ` ${hint}`}`;
  });
}
