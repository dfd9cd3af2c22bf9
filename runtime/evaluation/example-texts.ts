/** Inputs and targets of examples as text, to print next to predictions. */
import type { Metadata } from "../data/metadata.js";
import { idsText } from "../data/preview.js";
import type { DataSource } from "../data/source.js";
import type { Indices } from "../data/splits.js";
import { END } from "../data/vocabulary/tokens.js";
import type { ExampleText } from "../events.js";

export function exampleTexts(source: DataSource, examples: Indices): readonly ExampleText[] {
  if (examples.length === 0) return [];
  const batch = source.batch(examples);
  const [inputs, targets] = [batch.get("inputs"), batch.get("targets")];
  const isNumeric = targets?.dtype === "float32";
  // Decoding returns numbers to their original units.
  const decoded = isNumeric ? source.decode(targets, examples) : [];
  return Array.from(examples, (_, row) => ({
    input: inputs === undefined || inputs.dtype === "float32" ? null : idsText(batch, "inputs", row, source.metadata),
    target: isNumeric
      ? (decoded[row] ?? null)
      : targets === undefined
        ? null
        : withoutEnd(idsText(batch, "targets", row, source.metadata), source.metadata),
  }));
}

/** Predictions have no end token. */
function withoutEnd(text: string, metadata: Metadata): string {
  const end = metadata.type === "pairs" ? metadata.target_vocabulary?.[END] : undefined;
  return typeof end === "string" && text.endsWith(end) ? text.slice(0, -end.length).trimEnd() : text;
}
