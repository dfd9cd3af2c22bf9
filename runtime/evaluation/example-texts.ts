/** Inputs and targets of examples as text, to print next to predictions. */
import { type ModelOutput, targetPort } from "../../schema/kinds/outputs.js";
import type { Metadata } from "../data/metadata.js";
import { idsText } from "../data/preview.js";
import type { Batch, DataSource } from "../data/source.js";
import type { Indices } from "../data/splits.js";
import { END } from "../data/vocabulary/tokens.js";
import type { ExampleText } from "../events.js";

/** @param outputs of the model; of several, a target is an object of those of the outputs by name. */
export function exampleTexts(
  source: DataSource,
  examples: Indices,
  outputs: readonly ModelOutput[],
): readonly ExampleText[] {
  if (examples.length === 0) return [];
  const batch = source.batch(examples);
  const inputs = batch.get("inputs");
  const targets = byOutput(outputs.map((output) => [output, targetTexts(source, batch, examples, output)]));
  return Array.from(examples, (_, row) => ({
    input: inputs === undefined || inputs.dtype === "float32" ? null : idsText(batch, "inputs", row, source.metadata),
    target: targets[row] ?? null,
  }));
}

/** The values of each example: those of the only output, or an object of the outputs by name. */
export function byOutput(
  values: readonly (readonly [Pick<ModelOutput, "name">, readonly unknown[]])[],
): readonly unknown[] {
  const [[, first] = [null, []], ...others] = values;
  if (others.length === 0) return first;
  return first.map((_, row) => Object.fromEntries(values.map(([{ name }, rows]) => [name, rows[row] ?? null])));
}

function targetTexts(source: DataSource, batch: Batch, examples: Indices, { loss }: ModelOutput): readonly unknown[] {
  const port = targetPort(loss.target);
  const targets = batch.get(port);
  if (targets === undefined) return [];
  // Decoding returns numbers to their original units.
  if (targets.dtype === "float32") return source.decode(targets, examples, loss.target);
  return Array.from(examples, (_, row) => withoutEnd(idsText(batch, port, row, source.metadata), source.metadata));
}

/** Predictions have no end token. */
function withoutEnd(text: string, metadata: Metadata): string {
  const end = metadata.type === "pairs" ? metadata.target_vocabulary?.[END] : undefined;
  return typeof end === "string" && text.endsWith(end) ? text.slice(0, -end.length).trimEnd() : text;
}
