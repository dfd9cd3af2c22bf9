/** Gemm: a product of matrices with a turned factor or a term to add is one node. */
import { type RewriteSite, rewrite } from "../../graph/rewrite.js";
import { broadcastShapes, elementCount, mulDims, sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Dim, Graph, Node, NodeOf, Value } from "../../ir/types.js";
import { countReaders } from "../loops/rewrite-loop.js";
import type { Pass, PassContext } from "../pass.js";
import { expectedSize, targetOf } from "../target/index.js";

const isMatrix = (value: Value) => value.type.shape.length === 2;

/**
 * A left factor is turned inside the product at a price for each multiplication, and before it at a price for each of its
 * entries: the latter is less where each is multiplied by many columns, and the factor does not stay in the cache.
 */
function isTransposeCheaperBefore(factor: Value, columns: Dim, context: PassContext): boolean {
  const size = expectedSize(elementCount(factor.type.shape), context, 0);
  const { minElements, minColumns } = targetOf(context).transposeBeforeGemm;
  return size >= minElements && expectedSize(columns, context, 0) >= minColumns;
}

/**
 * A factor that stays turned before its product. The runtime would take a turn of the last two axes into the product again: where the rows
 * are those of several steps, steps and rows go to the end together, and are one axis only then.
 */
function keepTransposeOutside({ b, producer }: RewriteSite, transpose: Node, factor: Value): Value | undefined {
  const reshape = producer(at(transpose.inputs, 0));
  const source = reshape?.op === "Reshape" ? at(reshape.inputs, 0) : undefined;
  if (source?.type.shape.length !== 3 || source.type.shape[2] !== factor.type.shape[0]) return undefined;
  return b.reshape(b.transpose(source, [2, 0, 1]), factor.type.shape);
}

/** onehot(i)ᵀ @ y → the product with a matrix that lies as it is read: each place is compared with all indices. */
function oneHotTransposeAsEqual(graph: Graph, context: PassContext): Graph {
  const { oneHotByComparisonElements } = targetOf(context);
  return rewrite(graph, (node, { b, inputs, producer }) => {
    if (node.op !== "Gemm" || !node.attributes.transA) return undefined;
    const [x, y, bias] = [at(inputs, 0), at(inputs, 1), inputs[2]];
    const oneHot = producer(x);
    if (oneHot?.op !== "OneHot" || expectedSize(elementCount(x.type.shape), context, 0) < oneHotByComparisonElements)
      return undefined;
    const { depth, dtype } = oneHot.attributes;
    const indices = b.cast(b.unsqueeze(at(oneHot.inputs, 0), [0]), "int64");
    const transposed = b.cast(b.equal(b.unsqueeze(b.range(depth), [1]), indices), dtype);
    return [b.gemm(transposed, y, bias, false, node.attributes.transB)];
  });
}

/** x @ yᵀ → Gemm with the turn inside. */
function foldTransposes(graph: Graph, context: PassContext): Graph {
  return rewrite(graph, (node, site) => {
    const { b, inputs, producer } = site;
    if (node.op !== "MatMul" || !inputs.every(isMatrix)) return undefined;
    const factors = inputs.map((input) => {
      const source: Node | undefined = producer(input);
      const isTranspose = source?.op === "Transpose" && source.attributes.perm.join() === "1,0";
      const staysOutside =
        input === inputs[0] && isTransposeCheaperBefore(input, at(at(node.outputs, 0).type.shape, 1), context);
      if (isTranspose && !staysOutside) return { value: at(source.inputs, 0), isTransposed: true };
      return { value: (isTranspose && keepTransposeOutside(site, source, input)) || input, isTransposed: false };
    });
    const [x, y] = [at(factors, 0), at(factors, 1)];
    if (x.isTransposed || y.isTransposed) return [b.gemm(x.value, y.value, undefined, x.isTransposed, y.isTransposed)];
    return x.value === inputs[0] ? undefined : [b.matmul(x.value, y.value)];
  });
}

function productOf(node: Node | undefined): NodeOf<"MatMul"> | NodeOf<"Gemm"> | undefined {
  return node?.op === "Gemm" || (node?.op === "MatMul" && node.inputs.every(isMatrix)) ? node : undefined;
}

/** Whether a product has no term yet, or one that is such a product itself. */
function acceptsBias(value: Value, producer: RewriteSite["producer"]): boolean {
  const product = productOf(producer(value));
  if (product === undefined) return false;
  const bias = product.inputs[2];
  return bias === undefined || (sameShape(bias.type.shape, value.type.shape) && acceptsBias(bias, producer));
}

/** The factors of a product of [steps, rows, k] with a matrix, where the term is one for each column. */
function batchedProduct(
  node: Node | undefined,
  bias: Value,
): { readonly x: Value; readonly matrix: Value } | undefined {
  const [x, matrix] = node?.op === "MatMul" ? node.inputs : [];
  if (x?.type.shape.length !== 3 || matrix?.type.shape.length !== 2 || bias.type.shape.length !== 1) return undefined;
  return bias.type.shape[0] === matrix.type.shape[1] ? { x, matrix } : undefined;
}

/** x @ y + c → Gemm, where the product is read by that sum alone. A term of its own takes the sum: (x @ y + p) + c → x @ y + (p + c). */
function fuseBias(graph: Graph, context: PassContext): Graph {
  const readers = new Map<Value, number>();
  const collectReaders = (subgraph: Graph) => {
    for (const [value, readerCount] of countReaders(subgraph)) readers.set(value, readerCount);
    for (const node of subgraph.nodes) if (node.op === "Scan") collectReaders(node.attributes.body);
  };
  collectReaders(graph);
  return rewrite(graph, (node, { b, inputs, producer }) => {
    if (node.op !== "Add") return undefined;
    const [left, right] = [at(inputs, 0), at(inputs, 1)];
    for (const [index, value, addend] of [
      [0, left, right],
      [1, right, left],
    ] as const) {
      const batched = batchedProduct(producer(value), addend);
      if (batched !== undefined && readers.get(at(node.inputs, index)) === 1) {
        const { shape } = value.type;
        if (expectedSize(elementCount(shape), context, 0) < targetOf(context).batchedBiasElements) continue;
        const [timeSteps = 1, rows = 1, columns = 1] = batched.x.type.shape;
        const flattened = b.reshape(batched.x, [mulDims(timeSteps, rows), columns]);
        return [b.reshape(b.gemm(flattened, batched.matrix, addend), shape)];
      }
      const product = productOf(producer(value));
      if (product === undefined || readers.get(at(node.inputs, index)) !== 1 || !acceptsBias(value, producer)) continue;
      if (broadcastShapes(value.type.shape, addend.type.shape)?.join() !== value.type.shape.join()) continue;
      const [x, y, bias] = [at(product.inputs, 0), at(product.inputs, 1), product.inputs[2]];
      const { transA, transB } = product.op === "Gemm" ? product.attributes : { transA: false, transB: false };
      return [b.gemm(x, y, bias === undefined ? addend : b.add(bias, addend), transA, transB)];
    }
    return undefined;
  });
}

export const fuseGemm: Pass = {
  name: "fuse-gemm",
  description: "A product of matrices with a turned factor or an added term is one Gemm: x @ y + c → Gemm(x, y, c).",
  run: (graph, context) => {
    let current = oneHotTransposeAsEqual(foldTransposes(graph, context), context);
    for (let next = fuseBias(current, context); next !== current; next = fuseBias(next, context)) current = next;
    return current;
  },
};
