/** Short programs that use an exported model, one for each place where people take it. */
import type { ExportPorts } from "../../../compiler/export/index.js";
import type { ExportFile } from "../files.js";
import type { Subject } from "../subject.js";
import { csharpSnippet } from "./csharp.js";
import { browserSnippet, nodeSnippet } from "./javascript.js";
import { type Plan, planOf } from "./plan.js";
import { pythonSnippet } from "./python.js";

/** By the ending behind the model's own name: `stock.use.py` for `stock.onnx`. */
const languages: Readonly<Record<string, (plan: Plan) => string>> = {
  ".use.mjs": nodeSnippet,
  ".use.html": browserSnippet,
  ".use.py": pythonSnippet,
  ".use.cs": csharpSnippet,
};

/** @param model the name of the model's file, which the programs lie beside. */
export function snippetsOf(subject: Subject, ports: ExportPorts, model: string): readonly ExportFile[] {
  const plan = planOf(subject, ports, model);
  const stem = model.replace(/\.onnx$/i, "");
  return Object.entries(languages).map(([ending, write]) => ({
    name: `${stem}${ending}`,
    content: Buffer.from(write(plan)),
  }));
}
