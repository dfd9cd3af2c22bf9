/** `rnnx inspect --explain` of a layer that is not recurrent, its equations; and of a block, its layers. */
import type { Analysis } from "../../../compiler/compile.js";
import { explainLayer, type LayerExplanation } from "../../../compiler/inspect/explain-layer.js";
import type { ExplainedLayer } from "../../../compiler/inspect/layer-equations.js";
import type { Signature } from "../../../compiler/signature.js";
import { kindName } from "../../../schema/kinds/layers.js";
import type { NormalSpec } from "../../../schema/normal/index.js";
import { exitCodes } from "../../exit-codes.js";
import type { Output } from "../../output.js";
import { tableText } from "../../table.js";
import { displayWidth } from "../../wrap-text.js";
import { shapeText } from "./summary.js";

export function explainedLayer({ model }: NormalSpec, name: string): ExplainedLayer | undefined {
  return model.find((layer): layer is ExplainedLayer => layer.layer !== "rnn" && layer.name === name);
}

/** The first layer of a kind, such as `dense`, or a layer of the spec's own. */
export function explainedLayerOfKind({ model }: NormalSpec, kind: string): ExplainedLayer | undefined {
  return model.find((layer): layer is ExplainedLayer => layer.layer !== "rnn" && kindName(layer) === kind);
}

export function printLayerExplanation(
  output: Output,
  spec: NormalSpec,
  signature: Signature,
  analysis: Analysis,
  layer: ExplainedLayer,
): number {
  const explanation = explainLayer(layer, spec, signature, analysis);
  output.record({ event: "result", name: layer.name, layer: kindName(layer), ...explanation });
  output.print(layerText(output, layer, explanation));
  return exitCodes.success;
}

function layerText({ colors }: Output, layer: ExplainedLayer, explanation: LayerExplanation): string {
  const { bold, dim } = colors.print;
  const { inputs, parameters, equations, notes, gradient } = explanation;
  const kind = kindName(layer);
  const width = Math.max(...equations.map(({ text }) => displayWidth(text)));
  const section = (heading: string, lines: readonly string[]) =>
    lines.length === 0 ? [] : ["", bold(heading), ...lines.map((line) => `  ${line}`)];
  return [
    bold(layer.name === kind ? layer.name : `${layer.name}: ${kind}`),
    ...section(
      inputs.length === 1 ? "input" : "inputs",
      inputs.map(({ name, from, shape }) => `${name} ${shapeText(shape)}  ${dim(from)}`),
    ),
    ...section(
      "parameters",
      parameters.map(({ name, shape }) => `${name} ${shapeText(shape)}`),
    ),
    ...section(
      "equations",
      equations.map(({ text, shape }) => `${text}${" ".repeat(width - displayWidth(text))}  ${dim(shapeText(shape))}`),
    ),
    ...section("gradient", gradient),
    ...(notes.length === 0 ? [] : ["", ...notes]),
  ].join("\n");
}

/** The layers of a block, with their names in it. */
export function printBlock(output: Output, { model }: NormalSpec, { layers }: Analysis, name: string): number {
  const prefix = `${name}/`;
  const inBlock = (text: string) => (text.startsWith(prefix) ? text.slice(prefix.length) : text);
  const members = model
    .filter((layer) => layer.name.startsWith(prefix))
    .map((layer) => ({
      name: layer.name,
      layer: kindName(layer),
      from: layer.from,
      output: layers.find((other) => other.name === layer.name)?.output ?? [],
    }));
  output.record({ event: "result", name, layers: members });
  const table = tableText(
    output.colors.print,
    [{ title: "name" }, { title: "layer" }, { title: "reads" }, { title: "output" }],
    members.map((member) => [
      inBlock(member.name),
      member.layer,
      member.from.map(inBlock).join(", "),
      shapeText(member.output),
    ]),
  );
  const example = members[0]?.name ?? name;
  output.print(
    `${output.colors.print.bold(`${name}: a block`)}\n\n${table}\n\n${output.colors.print.dim(`--explain ${example} prints the equations of a layer.`)}`,
  );
  return exitCodes.success;
}
