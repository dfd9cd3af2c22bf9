/** Snippets: short programs that run an exported model, one per language and host. */
import type { ExportPorts } from "../../../compiler/export/index.js";
import type { TrainedModel } from "../source-run.js";
import type { ExportFile } from "../write-files.js";
import { csharpSnippet } from "./csharp.js";
import { forecasterSnippet } from "./forecaster.js";
import { browserSnippet, nodeSnippet } from "./javascript.js";
import { type SnippetSpec, snippetSpecOf } from "./plan.js";
import { pythonSnippet } from "./python.js";

/** By suffix: `stock.use.py` for `stock.onnx`. */
const languages: Readonly<Record<string, (snippet: SnippetSpec) => string>> = {
  ".use.mjs": nodeSnippet,
  ".use.html": browserSnippet,
  ".use.py": pythonSnippet,
  ".use.cs": csharpSnippet,
};

/** @param model the name of the model's file, in the same folder as the programs. */
export function snippetsOf(trainedModel: TrainedModel, ports: ExportPorts, model: string): readonly ExportFile[] {
  const snippet = snippetSpecOf(trainedModel, ports, model);
  const stem = model.replace(/\.onnx$/i, "");
  const forecaster = forecasterSnippet(trainedModel, model);
  return [
    ...Object.entries(languages).map(([suffix, write]) => [suffix, write(snippet)] as const),
    ...(forecaster === null ? [] : [[".forecast.py", forecaster] as const]),
  ].map(([suffix, text]) => ({ name: `${stem}${suffix}`, content: Buffer.from(text) }));
}
