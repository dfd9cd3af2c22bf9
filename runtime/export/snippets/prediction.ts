/** The predictions that a program prints: the output of the model, and the names of its classes or columns. */
import type { ExportPorts } from "../../../compiler/export/index.js";
import { blankClassOf, outputKindOf } from "../../../schema/kinds/losses.js";
import { type ModelOutput, outputsOf } from "../../../schema/kinds/outputs.js";
import { type Metadata, metadataOf, type TextMetadata } from "../../data/metadata.js";
import { forecastNames } from "../forecast-names.js";
import type { TrainedModel } from "../source-run.js";

/** Names of classes or columns. */
export interface SnippetNames {
  readonly list: readonly (string | number)[];
  /** The key of the model's metadata whose value, JSON, has the list. */
  readonly metadataKey: string;
  /** The members in that value that lead to the list. */
  readonly path: readonly string[];
}

/** A prediction that a program prints. */
export interface SnippetPrediction {
  /** The name of the output of a model with several; null for the only one. */
  readonly name: string | null;
  readonly output: string;
  readonly dtype: "float32" | "int64" | "int32";
  readonly type: "classes" | "numbers";
  /** Names of classes or of columns; null without names. */
  readonly names: SnippetNames | null;
  /** The unit in which classes are joined to text; null if they are not text. */
  readonly joinUnit: TextMetadata["unit"] | null;
  /** The blank of a CTC model, whose repeated classes are one label; null for other models. */
  readonly blank: number | null;
}

export function predictionsOf(
  ports: ExportPorts,
  trained: Pick<TrainedModel, "metadata" | "spec">,
): readonly [SnippetPrediction, ...SnippetPrediction[]] {
  const { spec, metadata } = trained;
  const forecasts = forecastNames(trained);
  const predictions = outputsOf(spec).map((output): SnippetPrediction => {
    const port = `${output.prefix}forecasts`;
    const list = forecasts[port];
    if (list === undefined) return predictionOf(ports, metadata, output);
    const names = { list, metadataKey: "rnnx.forecasts", path: [port] };
    const name = output.prefix === "" ? null : output.name;
    return { name, output: port, type: "numbers", dtype: "float32", names, joinUnit: null, blank: null };
  });
  return predictions as [SnippetPrediction, ...SnippetPrediction[]];
}

function predictionOf(
  { outputs }: ExportPorts,
  ofAll: Metadata,
  { loss, name: layer, prefix }: ModelOutput,
): SnippetPrediction {
  const metadata = metadataOf(ofAll, loss.target);
  const name = prefix === "" ? null : layer;
  const namesOf = (list: SnippetNames["list"], key: "classes" | "target" | "outputs"): SnippetNames =>
    "targets" in ofAll && ofAll.targets !== undefined
      ? { list, metadataKey: "rnnx.data.targets", path: [loss.target, key] }
      : { list, metadataKey: `rnnx.data.${key}`, path: [] };
  const tokens = outputs.find((port) => port.name === "tokens");
  if (tokens !== undefined && metadata.type === "text") {
    const names = { list: metadata.vocabulary, metadataKey: "rnnx.data.vocabulary", path: [] };
    return { name, output: tokens.name, type: "classes", dtype: "int32", names, joinUnit: metadata.unit, blank: null };
  }
  const classes = outputs.find((port) => port.name === `${prefix}classes`);
  const outputKind = outputKindOf(loss);
  const isBinary = outputKind === "probabilities";
  if (classes === undefined || isBinary) {
    const output = `${prefix}${isBinary ? "probabilities" : "outputs"}`;
    const isOfColumns = metadata.type === "table" && outputKind !== "features";
    const ofColumns = () => {
      if (metadata.type !== "table") return null;
      return metadata.outputs === undefined ? namesOf(metadata.target, "target") : namesOf(metadata.outputs, "outputs");
    };
    const names = isOfColumns ? ofColumns() : null;
    return { name, output, type: "numbers", dtype: "float32", names, joinUnit: null, blank: null };
  }
  const classCount = Number(outputs.find((port) => port.name === `${prefix}probabilities`)?.shape.at(-1) ?? 1);
  const blank = loss.type === "ctc" ? blankClassOf(loss, classCount) : null;
  const classOutput = { name, output: classes.name, type: "classes", dtype: "int64", blank } as const;
  switch (metadata.type) {
    case "text":
      return {
        ...classOutput,
        names: { list: metadata.vocabulary, metadataKey: "rnnx.data.vocabulary", path: [] },
        joinUnit: metadata.unit,
      };
    case "pairs":
      return {
        ...classOutput,
        names: { list: metadata.target_vocabulary, metadataKey: "rnnx.data.target_vocabulary", path: [] },
        joinUnit: metadata.unit,
      };
    default: {
      const names = "classes" in metadata ? metadata.classes : null;
      return {
        ...classOutput,
        names: names ? namesOf(names, "classes") : null,
        joinUnit: null,
      };
    }
  }
}
