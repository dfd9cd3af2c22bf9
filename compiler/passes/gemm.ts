/** Gemm: a product of matrices with a turned factor or a term to add is one node. */
import { rewrite, type Site } from "../graph/rewrite.js";
import { broadcastShapes, elements, mulDims, sameShape } from "../ir/dims.js";
import { at } from "../ir/present.js";
import type { Dim, Graph, Node, NodeOf, Value } from "../ir/types.js";
import { countReaders } from "./loop-body.js";
import { expectedSize, type Pass, type PassContext } from "./pass.js";

const isMatrix = (value: Value) => value.type.shape.length === 2;

/**
 * A left factor is turned inside the product at a price for each multiplication, and before it at a price for each of its
 * entries: the latter is less where each is multiplied by many columns, and the factor does not stay in the cache.
 */
const COLUMNS = 1024;
const ENTRIES = 2 ** 19;

function isCheaperBefore(factor: Value, columns: Dim, context: PassContext): boolean {
  const entries = expectedSize(elements(factor.type.shape), context, 0);
  return entries >= ENTRIES && expectedSize(columns, context, 0) >= COLUMNS;
}

/**
 * A factor that stays turned before its product. The runtime would take a turn of the last two axes into the product again: where the rows
 * are those of several steps, steps and rows go to the end together, and are one axis only then.
 */
function turnedBefore({ b, producer }: Site, turn: Node, factor: Value): Value | undefined {
  const long = producer(at(turn.inputs, 0));
  const source = long?.op === "Reshape" ? at(long.inputs, 0) : undefined;
  if (source?.type.shape.length !== 3 || source.type.shape[2] !== factor.type.shape[0]) return undefined;
  return b.reshape(b.transpose(source, [2, 0, 1]), factor.type.shape);
}

/** Entries from which a one-hot matrix is worth being made turned, and not with those of the other steps of a call. */
const LARGE = 2 ** 17;

/** onehot(i)ᵀ @ y → the product with a matrix that lies as it is read: each place is compared with all indices. */
function withPlaces(graph: Graph, context: PassContext): Graph {
  return rewrite(graph, (node, { b, inputs, producer }) => {
    if (node.op !== "Gemm" || !node.attributes.transA) return undefined;
    const [x, y, term] = [at(inputs, 0), at(inputs, 1), inputs[2]];
    const made = producer(x);
    if (made?.op !== "OneHot" || expectedSize(elements(x.type.shape), context, 0) < LARGE) return undefined;
    const { depth, dtype } = made.attributes;
    const indices = b.cast(b.unsqueeze(at(made.inputs, 0), [0]), "int64");
    const places = b.cast(b.equal(b.unsqueeze(b.range(depth), [1]), indices), dtype);
    return [b.gemm(places, y, term, false, node.attributes.transB)];
  });
}

/** x @ yᵀ → Gemm with the turn inside. */
function turned(graph: Graph, context: PassContext): Graph {
  return rewrite(graph, (node, site) => {
    const { b, inputs, producer } = site;
    if (node.op !== "MatMul" || !inputs.every(isMatrix)) return undefined;
    const parts = inputs.map((input) => {
      const made: Node | undefined = producer(input);
      const isTurn = made?.op === "Transpose" && made.attributes.perm.join() === "1,0";
      const stays = input === inputs[0] && isCheaperBefore(input, at(at(node.outputs, 0).type.shape, 1), context);
      if (isTurn && !stays) return { value: at(made.inputs, 0), turn: true };
      return { value: (isTurn && turnedBefore(site, made, input)) || input, turn: false };
    });
    const [x, y] = [at(parts, 0), at(parts, 1)];
    if (x.turn || y.turn) return [b.gemm(x.value, y.value, undefined, x.turn, y.turn)];
    return x.value === inputs[0] ? undefined : [b.matmul(x.value, y.value)];
  });
}

function productOf(node: Node | undefined): NodeOf<"MatMul"> | NodeOf<"Gemm"> | undefined {
  return node?.op === "Gemm" || (node?.op === "MatMul" && node.inputs.every(isMatrix)) ? node : undefined;
}

/** Whether a product has no term yet, or one that is such a product itself. */
function takesTerm(value: Value, producer: Site["producer"]): boolean {
  const product = productOf(producer(value));
  if (product === undefined) return false;
  const term = product.inputs[2];
  return term === undefined || (sameShape(term.type.shape, value.type.shape) && takesTerm(term, producer));
}

/** Entries from which a product over all steps is worth being laid flat for the sake of its term. */
const LONG = 2 ** 22;

/** The factors of a product of [steps, rows, k] with a matrix, where the term is one for each column. */
function longProduct(node: Node | undefined, term: Value): { readonly x: Value; readonly matrix: Value } | undefined {
  const [x, matrix] = node?.op === "MatMul" ? node.inputs : [];
  if (x?.type.shape.length !== 3 || matrix?.type.shape.length !== 2 || term.type.shape.length !== 1) return undefined;
  return term.type.shape[0] === matrix.type.shape[1] ? { x, matrix } : undefined;
}

/** x @ y + c → Gemm, where the product is read by that sum alone. A term of its own takes the sum: (x @ y + p) + c → x @ y + (p + c). */
function withTerm(graph: Graph, context: PassContext): Graph {
  const readers = new Map<Value, number>();
  const count = (part: Graph) => {
    for (const [value, times] of countReaders(part)) readers.set(value, times);
    for (const node of part.nodes) if (node.op === "Scan") count(node.attributes.body);
  };
  count(graph);
  return rewrite(graph, (node, { b, inputs, producer }) => {
    if (node.op !== "Add") return undefined;
    const [left, right] = [at(inputs, 0), at(inputs, 1)];
    for (const [index, value, other] of [
      [0, left, right],
      [1, right, left],
    ] as const) {
      const long = longProduct(producer(value), other);
      if (long !== undefined && readers.get(at(node.inputs, index)) === 1) {
        const { shape } = value.type;
        if (expectedSize(elements(shape), context, 0) < LONG) continue;
        const [steps = 1, rows = 1, columns = 1] = long.x.type.shape;
        const flat = b.reshape(long.x, [mulDims(steps, rows), columns]);
        return [b.reshape(b.gemm(flat, long.matrix, other), shape)];
      }
      const product = productOf(producer(value));
      if (product === undefined || readers.get(at(node.inputs, index)) !== 1 || !takesTerm(value, producer)) continue;
      if (broadcastShapes(value.type.shape, other.type.shape)?.join() !== value.type.shape.join()) continue;
      const [x, y, term] = [at(product.inputs, 0), at(product.inputs, 1), product.inputs[2]];
      const { transA, transB } = product.op === "Gemm" ? product.attributes : { transA: false, transB: false };
      return [b.gemm(x, y, term === undefined ? other : b.add(term, other), transA, transB)];
    }
    return undefined;
  });
}

export const gemm: Pass = {
  name: "gemm",
  description: "A product of matrices with a turned factor or an added term is one Gemm: x @ y + c → Gemm(x, y, c).",
  run: (graph, context) => {
    let current = withPlaces(turned(graph, context), context);
    for (let next = withTerm(current, context); next !== current; next = withTerm(next, context)) current = next;
    return current;
  },
};
