/** The gradients of an ONNX file's nodes, and the cost of training it, as text. */
import type { TrainingReport } from "../../../compiler/inspect/imported-model.js";
import { formatBytes, formatInteger } from "../../../runtime/format.js";
import type { Colors } from "../../output.js";
import { tableText } from "../../table.js";

/** Refused nodes that are listed. */
const MAX_LISTED = 20;

/** @param bytes a file that has been read successfully. */
export async function trainingOf(bytes: Uint8Array, file: string): Promise<TrainingReport | undefined> {
  const [{ trainingReport }, { externalDataReader }] = await Promise.all([
    import("../../../compiler/inspect/imported-model.js"),
    import("../../../runtime/import/external-data.js"),
  ]);
  return trainingReport(bytes, { external: externalDataReader(file) });
}

function rowsText(rows: number | null): string {
  if (rows === null) return "per call of the model";
  return rows === 1 ? "per example" : `per batch of ${formatInteger(rows)}`;
}

export function trainingText({ nodes, refused, parameters, cost, notices }: TrainingReport, colors: Colors): string {
  const counts = [
    [nodes.exact, "with a gradient"],
    [nodes.zero, "whose gradient is zero"],
    [nodes.shape + nodes.constant, "of constants and shapes"],
    [nodes.refused, "refused"],
    [nodes.unreached, "after a refused one"],
  ] as const;
  const summary = counts.flatMap(([count, text]) => (count === 0 ? [] : [`${formatInteger(count)} ${text}`]));
  const listed = refused.slice(0, MAX_LISTED);
  const more = refused.length - listed.length;
  return [
    `${colors.bold("training")}  nodes: ${summary.join(", ") || "none"}`,
    `parameters: ${formatInteger(parameters.count)} in ${formatInteger(parameters.tensors)} tensors`,
    ...(cost === null
      ? []
      : [
          `${rowsText(cost.rows)}${cost.symbols.length === 0 ? "" : ` (${cost.symbols.map((symbol) => `${symbol} = 1`).join(", ")})`}: ${formatInteger(
            cost.forwardFlops,
          )} FLOPs forward, ${formatInteger(cost.stepFlops)} with gradients, ${formatBytes(cost.memory)} of memory`,
        ]),
    ...(refused.length === 0
      ? []
      : [
          tableText(
            colors,
            [{ title: "node" }, { title: "operator" }, { title: "reason" }],
            listed.map(({ node, operator, reason }) => [node, operator, reason]),
          ),
          ...(more > 0 ? [`and ${formatInteger(more)} more nodes (--json lists all)`] : []),
        ]),
    ...notices,
  ].join("\n");
}
