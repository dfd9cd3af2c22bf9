/**
 * Matches the layers of a file with those of the model: by `--map`, then equal names, then numbered order, then unique
 * compatibility of shapes. Ambiguous layers are reported, never guessed.
 */
import type { RunProblem } from "../problem.js";
import { findRule } from "./convert-layout.js";
import type { ConversionRule, ForeignFile, ForeignLayer, ForeignTensor } from "./foreign-weights.js";
import type { ModelLayer } from "./model-layers.js";

/** `--map from=to`; an empty side skips the other. */
export interface NameMap {
  readonly from: string;
  readonly to: string;
}

export interface LayerPair {
  readonly foreignLayer: ForeignLayer;
  readonly modelLayer: ModelLayer;
  readonly rule: ConversionRule;
}

export interface MatchResult {
  readonly pairs: readonly LayerPair[];
  readonly problems: readonly Pick<RunProblem, "code" | "message" | "hint">[];
}

interface MatchState {
  readonly file: ForeignFile;
  readonly pairs: LayerPair[];
  readonly problems: Pick<RunProblem, "code" | "message" | "hint">[];
  foreignLayers: readonly ForeignLayer[];
  modelLayers: readonly ModelLayer[];
  /** Tensors of the file outside of its layers. */
  otherTensors: readonly ForeignTensor[];
}

export function matchLayers(
  file: ForeignFile,
  modelLayers: readonly ModelLayer[],
  maps: readonly NameMap[],
): MatchResult {
  const state: MatchState = {
    file,
    pairs: [],
    problems: [],
    foreignLayers: file.layers,
    modelLayers,
    otherTensors: file.otherTensors,
  };
  for (const map of maps) applyMap(state, map);
  pairByName(state);
  do pairByOrder(state);
  while (pairUnambiguous(state));
  reportUnmatched(state);
  reportOtherTensors(state);
  const order = ({ modelLayer }: LayerPair) => modelLayers.indexOf(modelLayer);
  return { pairs: state.pairs.toSorted((a, b) => order(a) - order(b)), problems: state.problems };
}

function pairLayers(state: MatchState, foreignLayer: ForeignLayer, modelLayer: ModelLayer): boolean {
  const rule = findRule(state.file.framework, foreignLayer, modelLayer);
  if (!rule.ok) return false;
  state.pairs.push({ foreignLayer, modelLayer, rule: rule.value });
  state.foreignLayers = state.foreignLayers.filter((layer) => layer !== foreignLayer);
  state.modelLayers = state.modelLayers.filter((layer) => layer !== modelLayer);
  return true;
}

function isCompatible(state: MatchState, foreignLayer: ForeignLayer, modelLayer: ModelLayer): boolean {
  return findRule(state.file.framework, foreignLayer, modelLayer).ok;
}

/** True for the layer of that name, and for layers inside a module of that name. */
function isWithin(prefix: string, path: string): boolean {
  return path === prefix || ((path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}/`)) && prefix !== "");
}

function applyMap(state: MatchState, { from, to }: NameMap): void {
  const foreignLayers = state.foreignLayers.filter(
    ({ name, layerName: layer }) => isWithin(from, name) || layer === from,
  );
  const modelLayers = state.modelLayers.filter(({ name }) => isWithin(to, name));
  const tensors = to === "" ? state.otherTensors.filter(({ name }) => isWithin(from, name)) : [];
  state.otherTensors = state.otherTensors.filter((tensor) => !tensors.includes(tensor));
  const reportMissing = (side: string, names: readonly string[]) =>
    state.problems.push({
      code: "init-map",
      message: `--map ${from}=${to}: ${side} has no unmatched layer of that name.`,
      hint: names.length > 0 ? `Unmatched: ${names.join(", ")}.` : "",
    });
  if (from !== "" && foreignLayers.length + tensors.length === 0) {
    reportMissing(
      "the file",
      state.foreignLayers.map(({ name }) => name),
    );
  } else if (to !== "" && modelLayers.length === 0) {
    reportMissing(
      "the model",
      state.modelLayers.map(({ name }) => name),
    );
  } else if (from === "") state.modelLayers = state.modelLayers.filter((layer) => !modelLayers.includes(layer));
  else if (to === "") state.foreignLayers = state.foreignLayers.filter((layer) => !foreignLayers.includes(layer));
  else if (foreignLayers.length !== modelLayers.length) {
    const names = [foreignLayers, modelLayers].map((layers) => layers.map(({ name }) => name).join(", "));
    state.problems.push({
      code: "init-map",
      message: `--map ${from}=${to} pairs different numbers of layers: ${names.join(" with ")}.`,
      hint: "",
    });
  } else {
    for (const [index, foreignLayer] of foreignLayers.entries()) {
      const modelLayer = modelLayers[index];
      if (modelLayer === undefined || pairLayers(state, foreignLayer, modelLayer)) continue;
      const rule = findRule(state.file.framework, foreignLayer, modelLayer);
      state.problems.push({ code: "init-shape", message: rule.ok ? "" : rule.error, hint: "" });
      state.foreignLayers = state.foreignLayers.filter((layer) => layer !== foreignLayer);
      state.modelLayers = state.modelLayers.filter((layer) => layer !== modelLayer);
    }
  }
}

/** Pairs layers of equal name, cell by cell. */
function pairByName(state: MatchState): void {
  for (const layerName of new Set(state.modelLayers.map((candidate) => candidate.layerName))) {
    const modelLayers = state.modelLayers.filter((candidate) => candidate.layerName === layerName);
    const foreignLayers = state.foreignLayers.filter((candidate) => candidate.layerName === layerName);
    if (foreignLayers.length !== modelLayers.length) continue;
    if (!modelLayers.every((candidate, index) => isCompatible(state, foreignLayers[index] as ForeignLayer, candidate)))
      continue;
    for (const [index, candidate] of modelLayers.entries())
      pairLayers(state, foreignLayers[index] as ForeignLayer, candidate);
  }
}

/** Pairs the remaining layers of a kind in order, if their names differ only by numbers. */
function pairByOrder(state: MatchState): void {
  for (const kind of new Set(state.modelLayers.map((layer) => layer.kind))) {
    const modelLayers = state.modelLayers.filter((layer) => layer.kind === kind);
    const foreignLayers = state.foreignLayers.filter((layer) => layer.kinds.includes(kind));
    const isUnambiguous = foreignLayers.every(({ kinds }) => kinds.length === 1);
    if (!isUnambiguous || foreignLayers.length !== modelLayers.length || !isNumbered(foreignLayers)) continue;
    if (!modelLayers.every((layer, index) => isCompatible(state, foreignLayers[index] as ForeignLayer, layer)))
      continue;
    for (const [index, layer] of modelLayers.entries()) pairLayers(state, foreignLayers[index] as ForeignLayer, layer);
  }
}

function isNumbered(layers: readonly ForeignLayer[]): boolean {
  return new Set(layers.map(({ name }) => name.replace(/[_.]?\d+/g, ""))).size <= 1;
}

/**
 * Pairs one layer of the model with the only compatible layer of the file, if no other layer of the model fits that.
 */
function pairUnambiguous(state: MatchState): boolean {
  for (const modelLayer of state.modelLayers) {
    const candidates = state.foreignLayers.filter((foreignLayer) => isCompatible(state, foreignLayer, modelLayer));
    const [only] = candidates;
    if (candidates.length !== 1 || only === undefined) continue;
    const rivals = state.modelLayers.filter((other) => isCompatible(state, only, other));
    if (rivals.length === 1) return pairLayers(state, only, modelLayer);
  }
  return false;
}

function reportUnmatched({ file, foreignLayers, modelLayers, problems, pairs }: MatchState): void {
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

function reportOtherTensors({ file, otherTensors, problems }: MatchState): void {
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
    [...direction].map(([role, { shape }]) => `${role} [${shape.join(", ")}]`),
  );
  return `${name} (${tensors.join(", ")})`;
}

function describeModel({ name, ruleKey, directions }: ModelLayer): string {
  const tensors = directions.flatMap((direction) =>
    [...direction].map(([parameterName, { shape }]) => `${parameterName} [${shape.join(", ")}]`),
  );
  return `${name}, ${ruleKey} (${tensors.join(", ")})`;
}
