/**
 * Which unit of a file goes to which unit of the model: what the user says, then equal names, then the order of layers where
 * it is known, then what shapes leave no choice about. A guess is never made.
 */
import type { RunProblem } from "../problem.js";
import { findRule } from "./convert-layout.js";
import type { ConversionRule, ForeignFile, ForeignLayer, ForeignTensor } from "./foreign-weights.js";
import type { ModelLayer } from "./model-layers.js";

/** `--map from=to`; an empty side leaves the other one out. */
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
  /** Tensors of the file that are in no unit. */
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
  const order = (each: LayerPair) => modelLayers.indexOf(each.modelLayer);
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

/** A unit, or all those of a module or layer. */
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
      message: `--map ${from}=${to}: ${side} has nothing of that name that is still free.`,
      hint: names.length > 0 ? `There are ${names.join(", ")}.` : "",
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
  } else if (from === "")
    state.modelLayers = state.modelLayers.filter((foreignLayer) => !modelLayers.includes(foreignLayer));
  else if (to === "")
    state.foreignLayers = state.foreignLayers.filter((foreignLayer) => !foreignLayers.includes(foreignLayer));
  else if (foreignLayers.length !== modelLayers.length) {
    const counts = `${foreignLayers.map(({ name }) => name).join(", ")} on one side, and ${modelLayers.map(({ name }) => name).join(", ")} on the other`;
    state.problems.push({
      code: "init-map",
      message: `--map ${from}=${to} pairs unequal numbers: ${counts}.`,
      hint: "",
    });
  } else {
    for (const [index, foreignLayer] of foreignLayers.entries()) {
      const modelLayer = modelLayers[index];
      if (modelLayer === undefined || pairLayers(state, foreignLayer, modelLayer)) continue;
      const rule = findRule(state.file.framework, foreignLayer, modelLayer);
      state.problems.push({ code: "init-shape", message: rule.ok ? "" : rule.error, hint: "" });
      state.foreignLayers = state.foreignLayers.filter((unit) => unit !== foreignLayer);
      state.modelLayers = state.modelLayers.filter((unit) => unit !== modelLayer);
    }
  }
}

/** Layers of one name, cell by cell. */
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

/** All that is left of a kind in its order, where names differ by numbers alone and so tell the order. */
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

/** One pair of which one side fits nothing else, and the other side is not wanted by another that fits nothing else. */
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
  const matchedText = pairs.map((each) => `${each.foreignLayer.name} to ${each.modelLayer.name}`).join(", ");
  const foreignText = foreignLayers.map(describeForeign).join("; ");
  const modelText = modelLayers.map(describeModel).join("; ");
  const [likelyForeign, likelyModel] = findLikelyPair(foreignLayers, modelLayers);
  const [first, other] = [likelyForeign ?? foreignLayers[0], likelyModel ?? modelLayers[0]];
  const matchedNotice = matchedText === "" ? "" : ` What is clear: ${matchedText}.`;
  if (first !== undefined && other !== undefined) {
    const isOnlyPair =
      count(foreignLayers, (layer) => layer.kinds.includes(other.kind)) === 1 &&
      count(modelLayers, hasSameKind(other)) === 1;
    const rule = isOnlyPair ? findRule(file.framework, first, other) : undefined;
    const reason = rule?.ok === false ? [rule.error] : [];
    const unclear = `It is not clear which of the ${name} file's weights go where. The file has ${foreignText}. The model wants ${modelText}.${matchedNotice}`;
    const isOnly = foreignLayers.length === 1 && modelLayers.length === 1 && reason.length > 0;
    problems.push({
      code: "init-match",
      message: [...reason, ...(isOnly ? [] : [unclear])].join(" "),
      hint: `${likelyForeign === undefined ? "" : `Say it with --map ${first.name}=${other.name}; `}--map ${first.name}= leaves weights of the file out, --map =${other.name} starts the model's from the seed.`,
    });
  } else if (first !== undefined) {
    problems.push({
      code: "init-match",
      message: `The model has no place for what the ${name} file has as ${foreignText}.${matchedNotice}`,
      hint: `--map ${first.name}= leaves it out.`,
    });
  } else if (other !== undefined) {
    problems.push({
      code: "init-match",
      message: `The ${name} file has nothing for ${modelText}.${matchedNotice}`,
      hint: `--map =${other.name} starts it from the seed.`,
    });
  }
}

/** The first two that could be of one kind. */
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
    message: `The ${file.framework.name} file has tensors that are no part of a layer that rnnx knows: ${names}.`,
    hint: `--map ${first.name}= leaves one out.`,
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

function describeModel({ name, ruleKey: recipes, directions }: ModelLayer): string {
  const tensors = directions.flatMap((direction) =>
    [...direction].map(([parameterName, { shape }]) => `${parameterName} [${shape.join(", ")}]`),
  );
  return `${name}, ${recipes} (${tensors.join(", ")})`;
}
