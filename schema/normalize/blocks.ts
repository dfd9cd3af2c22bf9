/** Blocks of a model as flat lists of layers: names with their scope, sources by name, residual sums. */
import type { Report } from "../diagnostics/index.js";
import { quote } from "../diagnostics/suggest.js";
import { child } from "../json-pointer.js";
import { definition, propertiesOf } from "../json-schema.js";
import type { Block, Layer, Spec } from "../spec.types.js";
import { assignNames, type Member, MemberReader, maxLayers } from "./block-members.js";

/** A layer of the flat model. */
export interface PlacedLayer {
  readonly layer: Layer & { readonly name: string; readonly from: [string, ...string[]] };
  /** JSON pointer of the layer, or of the block whose residual sum it is. */
  readonly path: string;
}

/** The layers of a model, and the layers of the outputs of its outermost layers and blocks by name. */
export interface FlatModel {
  readonly layers: readonly PlacedLayer[];
  readonly outputs: ReadonlyMap<string, string>;
}

/** The layers before the model, and the name of their output in place of `inputs`. */
export interface InputEncoders {
  readonly layers: readonly PlacedLayer[];
  readonly output: string;
}

type Sources = readonly [string, ...string[]];

/** The names of a block's layers. */
interface Scope {
  readonly prefix: string;
  /** Name in the spec → name of the output in the flat model. */
  readonly outputs: Map<string, string>;
  readonly parent: Scope | null;
  /** The block's first input; null outside blocks. */
  readonly input: string | null;
}

/** The name of a block's own input. */
const blockInput = "block_input";

/**
 * The layers of a model in order. A block is replaced by its layers, `<block>/<layer>`, with `repeat`
 * `<block>/<copy>/<layer>`; a residual block ends in an `add` layer `residual`. The encoders of the inputs come first;
 * their output is what the model reads as `inputs`.
 */
export function expandBlocks(spec: Pick<Spec, "model" | "blocks">, inputs: InputEncoders, report: Report): FlatModel {
  let hasProblems = false;
  const track: Report = (problem) => {
    hasProblems = true;
    report(problem);
  };
  const reader = new MemberReader(spec.blocks ?? {}, track);
  const expansion = new Expansion(reader, track);
  const members = reader.members({ entries: spec.model, path: "/model", inside: [] });
  const scope: Scope = { prefix: "", outputs: new Map([["inputs", inputs.output]]), parent: null, input: null };
  expansion.layers.push(...inputs.layers);
  expansion.expand(members, assignNames(members, track), scope, [inputs.output]);
  const { layers } = expansion;
  if (layers.length > maxLayers)
    report({
      code: "too-many-layers",
      path: "/model",
      message: `The model has more than ${maxLayers} layers after its blocks are repeated.`,
      hint: 'Make "repeat" smaller.',
    });
  else if (!hasProblems) reportCollisions(layers, report);
  scope.outputs.delete("inputs");
  return { layers, outputs: scope.outputs };
}

class Expansion {
  readonly layers: PlacedLayer[] = [];
  readonly #reader: MemberReader;
  readonly #report: Report;

  constructor(reader: MemberReader, report: Report) {
    this.#reader = reader;
    this.#report = report;
  }

  /** Appends the layers of a scope. Returns the name of its output, the last layer. */
  expand(members: readonly Member[], names: ReadonlyMap<Member, string>, scope: Scope, sources: Sources): string {
    let previous = sources;
    for (const member of members) {
      if (this.layers.length > maxLayers) break;
      previous = [
        member.kind === "layer"
          ? this.#placeLayer(member.layer, member.path, names.get(member) ?? "", scope, previous)
          : this.#expandBlock(member, names, scope, sourcesOf(member.block, previous, scope)),
      ];
    }
    return previous[0];
  }

  #expandBlock(
    member: Extract<Member, { readonly kind: "block" }>,
    names: ReadonlyMap<Member, string>,
    scope: Scope,
    sources: Sources,
  ): string {
    const name = names.get(member);
    if (name !== undefined) return this.#expandCopies(member, name, scope, sources);
    const output = this.expand(member.members, names, { ...scope, input: sources[0] }, sources);
    const sum = member.residual === null ? undefined : names.get(member.residual);
    return sum === undefined ? output : this.#placeResidual(sum, member.path, scope, [sources[0], output]);
  }

  /** Each copy reads the output of the one before it. */
  #expandCopies(
    { block, path, body, members }: Extract<Member, { readonly kind: "block" }>,
    name: string,
    scope: Scope,
    sources: Sources,
  ): string {
    const start = this.layers.length;
    let inputs = sources;
    for (let copy = 0; copy < (block.repeat ?? 1) && this.layers.length <= maxLayers; copy++) {
      const copyMembers = copy === 0 ? members : this.#reader.members(body);
      const prefix = `${scope.prefix}${name}/${block.repeat === undefined ? "" : `${copy}/`}`;
      const inner: Scope = { prefix, outputs: new Map(), parent: scope, input: inputs[0] };
      const first = this.layers.length;
      let output = this.expand(copyMembers, assignNames(copyMembers, this.#report), inner, inputs);
      if (block.residual) output = this.#placeResidual("residual", path, inner, [inputs[0], output]);
      if (block.share_weights) this.#shareWeights(start, first);
      inputs = [output];
    }
    scope.outputs.set(name, inputs[0]);
    return inputs[0];
  }

  #placeLayer(layer: Layer, path: string, localName: string, scope: Scope, previous: Sources): string {
    const name = `${scope.prefix}${localName}`;
    const { weights, initial_state: initialState } = layer as Readonly<Record<string, unknown>>;
    const references = {
      ...(typeof weights === "string" ? { weights: resolveName(weights, scope) } : {}),
      ...(typeof initialState === "string" ? { initial_state: resolveName(initialState, scope) } : {}),
    };
    this.layers.push({ layer: { ...layer, ...references, name, from: [...sourcesOf(layer, previous, scope)] }, path });
    scope.outputs.set(localName, name);
    return name;
  }

  #placeResidual(localName: string, path: string, scope: Scope, from: [string, string]): string {
    const name = `${scope.prefix}${localName}`;
    this.layers.push({ layer: { layer: "add", name, from }, path });
    return name;
  }

  /** The layers of a copy use the weights of the first copy, whose layers have the same order. */
  #shareWeights(start: number, first: number): void {
    if (first === start) return;
    for (let index = first; index < this.layers.length; index++) {
      const { layer, path } = this.layers[index] as PlacedLayer;
      if (!Object.hasOwn(propertiesOf(definition(layer.layer)), "weights")) continue;
      const { layer: owner } = this.layers[start + index - first] as PlacedLayer;
      const weights = "weights" in owner && typeof owner.weights === "string" ? owner.weights : owner.name;
      this.layers[index] = { layer: { ...layer, weights } as PlacedLayer["layer"], path };
    }
  }
}

/** Sources of a layer or a block: by default the output before it. */
function sourcesOf({ from }: Layer | Block, previous: Sources, scope: Scope): Sources {
  if (from === undefined) return previous;
  const [first = "", ...others] = [from].flat().map((name) => resolveName(name, scope));
  return [first, ...others];
}

/** The name in the flat model: of the innermost scope that has the name. Names of no scope are inputs of the data. */
function resolveName(name: string, scope: Scope): string {
  if (name === blockInput && scope.input !== null) return scope.input;
  for (let current: Scope | null = scope; current !== null; current = current.parent) {
    const output = current.outputs.get(name);
    if (output !== undefined) return output;
  }
  return name;
}

/** Reports a name that begins with another: the tensors of `rnn` and of `rnn/0` would have the same names. */
function reportCollisions(layers: readonly PlacedLayer[], report: Report): void {
  const first = new Map(layers.toReversed().map(({ layer }) => [layer.name, layer]));
  for (const { layer, path } of layers) {
    const segments = layer.name.split("/");
    if (segments.length === 1) continue;
    const prefixes = segments.map((_, index) => segments.slice(0, index + 1).join("/"));
    const owner = prefixes.find((name) => first.has(name) && first.get(name) !== layer);
    if (owner === undefined) continue;
    report({
      code: "duplicate-name",
      path: child(path, "name"),
      message: `The tensors of layer ${quote(layer.name)} would have names of layer ${quote(owner)}.`,
      hint: "Give each layer its own name, without a slash.",
    });
  }
}
