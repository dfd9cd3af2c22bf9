/**
 * Random models over every layer, valid by construction as far as widths and time axes go; options that exclude each
 * other may be drawn together, and `check` then refuses the model.
 */
import { drawBlock } from "./draw-blocks.mjs";
import { drawCell, stateSizes } from "./draw-cells.mjs";
import { sharedOptions } from "./draw-sharing.mjs";
import { activations, isGated, keysOf, ownLayers } from "./draw-values.mjs";

const schemaOf = (layer) => (layer in ownLayers ? "custom" : layer);
const canFreeze = ({ layer, name }) =>
  layer !== undefined && !name.includes("output") && keysOf(schemaOf(layer)).includes("trainable");
/**
 * The output of a layer.
 *
 * @typedef {object} Wire
 * @property {string} name
 * @property {number} width
 * @property {string | null} axis the time axis; null for one row for each sequence.
 * @property {string} root the time axis of the data that `axis` comes from.
 * @property {(steps: number) => number} steps the number of valid steps for a sequence of `steps`.
 */

/** @param random `choices` of draw-values.mjs. @param shortest the steps of the shortest sequence. */
export function modelDrawer(random, inputs, shortest) {
  const { pick, once, between, optional } = random;
  const wires = [...inputs];
  const layers = [];
  const blocks = {};
  /** By layer, the widths of its input and its output. */
  const [inputWidths, outputWidths] = [new Map(), new Map()];
  let names = 0;
  const last = () => wires.at(-1);
  const newName = (kind) => `${kind}_${++names}`;

  function add(layer, changes, source = last()) {
    const wire = { ...source, ...changes, name: layer.name };
    const frozen = canFreeze(layer) && once(15) ? { trainable: false } : {};
    layers.push({ ...layer, from: layer.from ?? source.name, ...frozen });
    inputWidths.set(layer.name, source.width);
    outputWidths.set(layer.name, wire.width);
    wires.push(wire);
    return wire;
  }
  const sequences = () => wires.filter(({ axis }) => axis !== null);
  /** An earlier wire: mostly the last one. */
  const source = (candidates) => (once(4) || !candidates.includes(last()) ? pick(candidates) : last());

  const anyActivation = (width) => pick(activations.filter((name) => !isGated(name) || width % 2 === 0));

  /** An earlier layer whose weights fit a layer of this kind and input. */
  const twinOf = (kind, wire) =>
    layers.find((other) => other.layer === kind && inputWidths.get(other.name) === wire.width && !other.weights);

  function affine(kind, wire) {
    const twin = once(2) ? twinOf(kind, wire) : undefined;
    const isPlain = twin === undefined || !isGated(twin.activation);
    const [size, weights] = twin !== undefined && isPlain ? [twin.size, twin.name] : [between(1, 4), undefined];
    const activation = once(2)
      ? pick(weights === undefined ? activations : activations.filter((name) => !isGated(name)))
      : undefined;
    const options = weights === undefined ? optional(kind, excluded) : { bias: twin.bias };
    add({ layer: kind, name: newName(kind), size, activation, weights, ...options }, { width: size }, wire);
  }
  const excluded = ["name", "from", "weights", "size", "activation", "kernel_size", "groups", "trainable"];

  /** The name of an earlier layer and the options that its weights need; mostly none. */
  const sharing = (kind, wire) => (once(3) ? sharedOptions(twinOf(kind, wire)) : {});

  function convolve(wire) {
    const shared = sharing("conv1d", wire);
    const { kernel_size = between(1, 3) } = shared;
    const [dilation, stride] = [between(1, 2), between(1, 2)];
    const padding = pick(["same", "valid", "causal"]);
    const span = dilation * (kernel_size - 1);
    const lost = padding === "valid" ? span : 0;
    const steps = (n) => Math.floor((wire.steps(n) - lost - 1) / stride) + 1;
    if (steps(shortest) < 1) return false;
    const { groups = once(3) ? wire.width : 1 } = shared;
    const { size = groups * between(1, 2), bias = !once(3), weights } = shared;
    const activation = once(2) ? pick(activations.filter((name) => !isGated(name) || !weights)) : undefined;
    const axis = lost === 0 && stride === 1 ? wire.axis : `${wire.axis}|${lost}/${stride}`;
    const drawn = { kernel_size, dilation, stride, padding, groups, size, activation };
    add({ layer: "conv1d", name: newName("conv"), ...drawn, bias, weights }, { width: size, axis, steps }, wire);
    return true;
  }

  function pool(wire, isGlobal) {
    const mode = pick(["max", "mean", "sum", "last"]);
    const name = newName("pool");
    if (isGlobal) return add({ layer: "pool", name, mode }, { axis: null }, wire);
    const [size, stride] = [between(1, 3), between(1, 3)];
    const steps = (n) => Math.floor((wire.steps(n) - size) / stride) + 1;
    if (steps(shortest) < 1) return false;
    const axis = size === 1 && stride === 1 ? wire.axis : `${wire.axis}|${size - 1}/${stride}`;
    return add(
      { layer: "pool", name, mode, size, stride: once(3) && size === stride ? undefined : stride },
      { axis, steps },
      wire,
    );
  }

  function attend(wire) {
    const memory = once(3) ? pick(sequences()) : undefined;
    const isSelf = memory === undefined;
    const query = isSelf ? wire : pick(wires);
    const name = newName("attention");
    const from = isSelf ? wire.name : [query.name, memory.name];
    const isSameTime = isSelf || query.axis === memory.axis;
    const common = {
      causal: isSameTime && once(3) ? true : undefined,
      window: isSameTime && once(3) ? between(1, 3) : undefined,
      dropout: once(4) ? 0.5 : undefined,
    };
    const shared = isSelf ? sharing("attention", wire) : {};
    if (shared.weights !== undefined)
      return add(
        { layer: "attention", name, from, ...common, ...shared },
        { ...wire, width: outputWidths.get(shared.weights) },
      );
    if (once(2)) {
      const score =
        (isSelf ? wire : memory).width === query.width
          ? pick(["dot", "general", "additive"])
          : pick(["general", "additive"]);
      const size = score === "additive" && once(2) ? 3 : undefined;
      const scale = once(2) ? true : undefined;
      return add(
        { layer: "attention", name, from, ...common, score, size, scale },
        { ...query, width: (memory ?? wire).width },
      );
    }
    const keyValueHeads = between(1, 2);
    const heads = keyValueHeads * between(1, 2);
    const options = {
      heads,
      head_size: 2 * between(1, 2),
      key_value_heads: once(2) ? keyValueHeads : undefined,
      rotary: isSelf && once(3) ? true : undefined,
      alibi: isSelf && once(3) ? true : undefined,
      bias: once(3) ? false : undefined,
    };
    return add({ layer: "attention", name, from, ...common, ...options }, query);
  }

  /** A decoder: the cells of an earlier layer, which gives their first states. */
  function continueFrom(wire) {
    const encoders = layers.filter(({ layer, cells }) => layer === "rnn" && cells !== undefined);
    if (encoders.length === 0) return recur(wire);
    const { name, cells: earlier } = pick(encoders);
    const stack = earlier.map(({ residual: _, ...cell }) => ({ ...cell, bidirectional: "none" }));
    const { hidden_size, projection_size } = stack.at(-1);
    const layer = { layer: "rnn", name: newName("decoder"), cells: stack, initial_state: name };
    return add(layer, { width: projection_size || hidden_size }, wire);
  }

  function recur(wire) {
    const twin = once(4) ? twinOf("rnn", wire) : undefined;
    if (twin?.return === "sequence" && twin.cells !== undefined)
      return add(
        { layer: "rnn", name: newName("rnn"), cells: twin.cells, weights: twin.name },
        { width: outputWidths.get(twin.name) },
        wire,
      );
    if (once(8)) return recurAlike(wire);
    const stack = [drawCell(random, wire.width)];
    if (once(3)) stack.push(drawCell(random, stack[0].width));
    const final = stack.at(-1);
    // A layer returns vectors.
    const hasVector = typeof Object.values(stateSizes[final.cell.cell])[0] === "string";
    const returned = once(4) ? pick(hasVector ? ["last", "state"] : ["last"]) : "sequence";
    const own = final.cell.projection_size || final.cell.hidden_size;
    const width =
      returned === "state" && final.cell.bidirectional === "concat"
        ? 2 * own
        : returned === "state"
          ? own
          : final.width;
    const vectors = wires.filter((other) => other.axis === null && other.width === stack[0].cell.hidden_size);
    const startsVector = typeof Object.values(stateSizes[stack[0].cell.cell])[0] === "string";
    const canStart =
      startsVector && stack.length === 1 && stack[0].cell.bidirectional === "none" && !stack[0].cell.projection_size;
    const initial_state =
      canStart && vectors.length > 0 && once(2) ? pick(vectors).name : once(4) ? "learned" : undefined;
    const layer = {
      layer: "rnn",
      name: newName("rnn"),
      cells: stack.map((drawn) => drawn.cell),
      initial_state,
      return: returned,
      unroll: once(10) ? true : undefined,
      trainable: once(10) ? false : undefined,
    };
    add(layer, { width, axis: returned === "sequence" ? wire.axis : null }, wire);
  }

  /** A stack of equal cells. */
  function recurAlike(wire) {
    const share_weights = once(2);
    const hidden_size = share_weights ? wire.width : between(1, 4);
    const cell = pick(["rnn", "lstm", "gru", "mine"]);
    const layer = { layer: "rnn", name: newName("rnn"), cell, hidden_size, layers: between(1, 3), share_weights };
    return add({ ...layer, residual: share_weights && once(2) }, { width: hidden_size }, wire);
  }

  function combine() {
    const first = pick(wires);
    const kind = pick(["concat", "add", "multiply"]);
    const others = wires.filter(
      ({ axis, width, name }) =>
        axis === first.axis && name !== first.name && (kind === "concat" || width === first.width),
    );
    if (others.length === 0) return false;
    const all = [first, pick(others), ...(once(4) ? [pick(others)] : [])];
    const width = kind === "concat" ? all.reduce((sum, wire) => sum + wire.width, 0) : first.width;
    return add({ layer: kind, name: newName(kind), from: all.map(({ name }) => name) }, { ...first, width });
  }

  function block(wire) {
    const name = newName("block");
    const body = drawBlock(random, wire);
    const bodyName = once(3) ? `${name}_body` : undefined;
    if (bodyName !== undefined) blocks[bodyName] = body;
    const sharing = once(3) ? { share_weights: true } : {};
    const options = { repeat: between(1, 2), residual: once(2), ...sharing };
    add({ block: bodyName ?? body, name, ...options }, {}, wire);
  }

  const simple =
    (layer, keys = {}) =>
    (wire) => {
      add({ layer, name: newName(layer), ...keys(wire) }, {}, wire);
    };
  const gainAndShift = () => ({ gain: once(3) ? false : undefined, shift: once(3) ? false : undefined });
  const onAny = [
    (wire) => affine("dense", wire),
    simple("layer_norm", (wire) => ({ ...gainAndShift(), ...sharing("layer_norm", wire) })),
    simple("rms_norm", (wire) => ({ gain: once(3) ? false : undefined, ...sharing("rms_norm", wire) })),
    simple("group_norm", (wire) => ({
      groups: once(2) ? wire.width : 1,
      ...gainAndShift(),
      ...sharing("group_norm", wire),
    })),
    simple("batch_norm", (wire) => ({
      momentum: once(2) ? 0.3 : undefined,
      ...gainAndShift(),
      ...sharing("batch_norm", wire),
    })),
    simple("dropout", () => ({ rate: pick([0.2, 0.5]) })),
    (wire) => {
      const activation = anyActivation(wire.width);
      const width = isGated(activation) ? wire.width / 2 : wire.width;
      add({ layer: "activation", name: newName("activation"), activation }, { width }, wire);
    },
    block,
    combine,
    (wire) => {
      const size = between(1, 3);
      add({ layer: "gated", name: newName("gated"), size, bias: once(2) }, { width: size }, wire);
    },
  ];
  const onSequences = [
    simple("spec_augment", () => ({ feature_masks: between(0, 2) })),
    recur,
    recur,
    recur,
    continueFrom,
    attend,
    attend,
    convolve,
    (wire) => pool(wire, false),
    (wire) => pool(wire, once(2)),
    simple("position", (wire) => ({
      ...(once(2) ? { type: "learned", length: 50 } : { type: "sinusoidal" }),
      ...sharing("position", wire),
    })),
  ];

  return {
    /** Draws one more layer. */
    drawLayer() {
      if (once(2) && sequences().length > 0) return pick(onSequences)(source(sequences()));
      return pick(onAny)(source(wires));
    },
    /** Ends with one row for each sequence. */
    endAsVector() {
      if (last().axis !== null) pool(last(), true);
    },
    add,
    blocks,
    last,
    /** A wire with a time axis: mostly the last one. */
    endOn: (axis) => source(wires.filter((wire) => wire.axis === axis).toReversed()),
    /** A wire on one of some time axes, other than the outputs'. */
    wireOn: (axes) => source(wires.filter(({ axis, name }) => axes.includes(axis) && name !== "output").toReversed()),
    /** The layers that some wires depend on. */
    layers(...ends) {
      const needed = new Set(ends.map(({ name }) => name));
      for (const { name, from, initial_state, weights } of layers.toReversed())
        if (needed.has(name)) for (const source of [from, initial_state, weights].flat()) needed.add(source);
      return layers.filter(({ name }) => needed.has(name));
    },
  };
}
