/** Problems of layers and tensors of a file without a match in the model, and of layers without one in the file. */
import { findRule } from "./convert-layout.js";
import type { ForeignLayer } from "./foreign-weights.js";
import type { MatchState } from "./match-state.js";
import type { ModelLayer } from "./model-layers.js";

export function reportUnmatched({ file, foreignLayers, modelLayers, problems, pairs }: MatchState): void {
  const { name } = file.framework;
  const matchedText = pairs
    .map(({ foreignLayer, modelLayer }) => `${foreignLayer.name} to ${modelLayer.name}`)
    .join(", ");
  const foreignText = foreignLayers.map(describeForeign).join("; ");
  const modelText = modelLayers.map(describeModel).join("; ");
  const [likelyForeign, likelyModel] = findLikelyPair(foreignLayers, modelLayers);
  const [first, other] = [likelyForeign ?? foreignLayers[0], likelyModel ?? modelLayers[0]];
  const matchedNotice = matchedText === "" ? "" : ` Matched: ${matchedText}.`;
  if (first !== undefined && other !== undefined) {
    const isOnlyPair =
      count(foreignLayers, (layer) => layer.kinds.includes(other.kind)) === 1 &&
      count(modelLayers, hasSameKind(other)) === 1;
    const rule = isOnlyPair ? findRule(file.framework, first, other) : undefined;
    const reason = rule?.ok === false ? [rule.error] : [];
    const ambiguity =
      `The layers of the ${name} file cannot be matched unambiguously. ` +
      `The file has ${foreignText}. The model has ${modelText}.${matchedNotice}`;
    const mapHint = likelyForeign === undefined ? "" : `Match them with --map ${first.name}=${other.name}. `;
    const isOnly = foreignLayers.length === 1 && modelLayers.length === 1 && reason.length > 0;
    problems.push({
      code: "init-match",
      message: [...reason, ...(isOnly ? [] : [ambiguity])].join(" "),
      hint:
        `${mapHint}Skip a layer of the file with --map ${first.name}=, ` +
        `or initialize one of the model from the seed with --map =${other.name}.`,
    });
  } else if (first !== undefined) {
    problems.push({
      code: "init-match",
      message: `The model has no layer for ${foreignText} of the ${name} file.${matchedNotice}`,
      hint: `Skip it with --map ${first.name}=.`,
    });
  } else if (other !== undefined) {
    problems.push({
      code: "init-match",
      message: `The ${name} file has no layer for ${modelText}.${matchedNotice}`,
      hint: `Initialize it from the seed with --map =${other.name}.`,
    });
  }
}

/** The first two layers that may have the same kind. */
function findLikelyPair(
  foreignLayers: readonly ForeignLayer[],
  modelLayers: readonly ModelLayer[],
): readonly [ForeignLayer?, ModelLayer?] {
  for (const layer of foreignLayers) {
    const other = modelLayers.find(({ kind }) => layer.kinds.includes(kind));
    if (other !== undefined) return [layer, other];
  }
  return [];
}

export function reportOtherTensors({ file, otherTensors, problems }: MatchState): void {
  const [first] = otherTensors;
  if (first === undefined) return;
  const names = otherTensors.map(({ name, shape }) => `${name} [${shape.join(", ")}]`).join(", ");
  problems.push({
    code: "init-name",
    message: `The ${file.framework.name} file has tensors outside of the layers that rnnx can import: ${names}.`,
    hint: `Skip one with --map ${first.name}=.`,
  });
}

function hasSameKind({ kind }: ModelLayer): (other: ModelLayer) => boolean {
  return (other) => other.kind === kind;
}

function count<T>(list: readonly T[], predicate: (entry: T) => boolean): number {
  return list.filter(predicate).length;
}

function describeForeign({ name, directions }: ForeignLayer): string {
  const tensors = directions.flatMap((direction) =>
    [...direction]
      // A kernel is also offered as a direction and its norms.
      .filter(([role, { isAlternative }]) => role === "weight" || !isAlternative)
      .map(([role, { shape }]) => `${role} [${shape.join(", ")}]`),
  );
  return `${name} (${tensors.join(", ")})`;
}

function describeModel({ name, ruleKey, directions }: ModelLayer): string {
  const tensors = directions.flatMap((direction) =>
    [...direction].map(([parameterName, { shape }]) => `${parameterName} [${shape.join(", ")}]`),
  );
  return `${name}, ${ruleKey} (${tensors.join(", ")})`;
}
