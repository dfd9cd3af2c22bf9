/**
 * Matches the layers of a file with those of the model: by `--map`, then equal names, then numbered order, then unique
 * compatibility of shapes. Ambiguous layers are reported, never guessed.
 */
import type { RunProblem } from "../problem.js";
import { findRule } from "./convert-layout.js";
import type { ForeignFile, ForeignLayer } from "./foreign-weights.js";
import type { LayerPair, MatchState } from "./match-state.js";
import type { ModelLayer } from "./model-layers.js";
import { reportOtherTensors, reportUnmatched } from "./report-unmatched.js";

/** `--map from=to`; an empty side skips the other. */
export interface NameMap {
  readonly from: string;
  readonly to: string;
}

export interface MatchResult {
  readonly pairs: readonly LayerPair[];
  readonly problems: readonly Pick<RunProblem, "code" | "message" | "hint">[];
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
  pairCopies(state);
  pairLists(state);
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
    // Frameworks order the layers of a block by their names, so each kind has an order of its own.
    let rest = foreignLayers;
    for (const modelLayer of modelLayers) {
      const foreignLayer = rest.find(({ kinds }) => kinds.includes(modelLayer.kind)) ?? rest[0];
      rest = rest.filter((layer) => layer !== foreignLayer);
      if (foreignLayer === undefined || pairLayers(state, foreignLayer, modelLayer)) continue;
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

function pairLists(state: MatchState): void {
  do pairByOrder(state);
  while (pairUnambiguous(state));
}

/**
 * Pairs numbered copies of several layers, `encoder.layers.0` with `transformer/0`, where one list of the file fits one
 * of the model: as many copies, whose layers match one another.
 */
function pairCopies(state: MatchState): void {
  const isUnique = (key: string, keys: readonly string[]) => keys.filter((other) => other === key).length === 1;
  const candidates = copiesOf(state.modelLayers).flatMap((model) =>
    copiesOf(state.foreignLayers).flatMap((foreign) => {
      const pairs = pairsOfCopies(state.file, foreign.copies, model.copies);
      return pairs === undefined ? [] : [{ model: model.prefix, foreign: foreign.prefix, pairs }];
    }),
  );
  const [models, foreigns] = [candidates.map(({ model }) => model), candidates.map(({ foreign }) => foreign)];
  for (const { model, foreign, pairs } of candidates)
    if (isUnique(model, models) && isUnique(foreign, foreigns))
      for (const { foreignLayer, modelLayer } of pairs)
        if (state.modelLayers.includes(modelLayer) && state.foreignLayers.includes(foreignLayer))
          pairLayers(state, foreignLayer, modelLayer);
}

interface Copies<Layer> {
  /** The part of the names before the number. */
  readonly prefix: string;
  readonly copies: readonly (readonly Layer[])[];
}

/** The lists of numbered copies, of two or more. */
function copiesOf<Layer extends { readonly name: string }>(layers: readonly Layer[]): readonly Copies<Layer>[] {
  const lists = new Map<string, Map<number, Layer[]>>();
  for (const layer of layers) {
    const { name } = layer;
    for (const { 0: text, index } of name.matchAll(/(?<=^|[./])\d+(?=[./])/g)) {
      const prefix = name.slice(0, index);
      const list = lists.get(prefix) ?? new Map<number, Layer[]>();
      lists.set(prefix, list.set(Number(text), [...(list.get(Number(text)) ?? []), layer]));
    }
  }
  return [...lists].flatMap(([prefix, list]) =>
    list.size < 2 ? [] : [{ prefix, copies: [...list].sort(([a], [b]) => a - b).map(([, copy]) => copy) }],
  );
}

/** The pairs of the layers of each copy, if they match one another completely. */
function pairsOfCopies(
  file: ForeignFile,
  foreign: readonly (readonly ForeignLayer[])[],
  model: readonly (readonly ModelLayer[])[],
): readonly LayerPair[] | undefined {
  if (foreign.length !== model.length) return undefined;
  const pairs: LayerPair[] = [];
  for (const [index, modelLayers] of model.entries()) {
    const foreignLayers = foreign[index] ?? [];
    if (foreignLayers.length !== modelLayers.length) return undefined;
    const copy: MatchState = { file, pairs, problems: [], foreignLayers, modelLayers, otherTensors: [] };
    pairLists(copy);
    if (copy.modelLayers.length > 0) return undefined;
  }
  return pairs;
}

/** Pairs the remaining layers of a kind in order, if their names differ only by numbers. */
function pairByOrder(state: MatchState): void {
  for (const kind of new Set(state.modelLayers.map((layer) => layer.kind))) {
    const modelLayers = state.modelLayers.filter((layer) => layer.kind === kind);
    const foreignLayers = state.foreignLayers.filter((layer) => layer.kinds.includes(kind));
    const others = state.modelLayers.filter((layer) => layer.kind !== kind);
    const isAmbiguous = foreignLayers.some((layer) => others.some((other) => isCompatible(state, layer, other)));
    if (isAmbiguous || foreignLayers.length !== modelLayers.length || !isNumbered(foreignLayers)) continue;
    if (!modelLayers.every((layer, index) => isCompatible(state, foreignLayers[index] as ForeignLayer, layer)))
      continue;
    for (const [index, layer] of modelLayers.entries()) pairLayers(state, foreignLayers[index] as ForeignLayer, layer);
  }
}

function isNumbered(layers: readonly ForeignLayer[]): boolean {
  return new Set(layers.map(({ name }) => name.replace(/[_.]?\d+/g, ""))).size <= 1;
}

/**
 * Pairs one layer that has only one compatible layer on the other side: of the model, if no other layer of the model
 * fits that; of the file, since each of its layers has to be matched.
 */
function pairUnambiguous(state: MatchState): boolean {
  const partnersOf = (foreignLayer: ForeignLayer) =>
    state.modelLayers.filter((modelLayer) => isCompatible(state, foreignLayer, modelLayer));
  for (const modelLayer of state.modelLayers) {
    const [only, ...others] = state.foreignLayers.filter((layer) => isCompatible(state, layer, modelLayer));
    if (only === undefined || others.length > 0) continue;
    if (partnersOf(only).length === 1) return pairLayers(state, only, modelLayer);
  }
  if (state.foreignLayers.length !== state.modelLayers.length) return false;
  for (const foreignLayer of state.foreignLayers) {
    const [only, ...others] = partnersOf(foreignLayer);
    if (only !== undefined && others.length === 0) return pairLayers(state, foreignLayer, only);
  }
  return false;
}
