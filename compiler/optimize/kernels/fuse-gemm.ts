/** Gemm fusion: a matrix product absorbs the transposes of its operands and an addend. */
import { countReaders, transposedOperand } from "../../graph/def-use.js";
import { type RewriteSite, rewrite } from "../../graph/rewrite.js";
import type { Builder } from "../../ir/builder.js";
import { broadcastShapes, elementCount, mulDims, sameShape } from "../../ir/dims.js";
import { at } from "../../ir/expect.js";
import type { Dim, Graph, Node, NodeOf, Value } from "../../ir/types.js";
import type { Pass, PassContext } from "../pass.js";
import { expectedSize, targetOf } from "../target/index.js";

const isMatrix = (value: Value) => value.type.shape.length === 2;

/**
 * True when a left operand is cheaper to transpose before its product: MLAS transposes it inside at a cost per
 * multiplication, and a Transpose node costs per element, which is less for many columns when the operand does not stay
 * in the cache.
 */
function isTransposeCheaperBefore(factor: Value, columns: Dim, context: PassContext): boolean {
  const size = expectedSize(elementCount(factor.type.shape), context, 0);
  const { minElements, minColumns } = targetOf(context).transposeBeforeGemm;
  return size >= minElements && expectedSize(columns, context, 0) >= minColumns;
}

/**
 * The transpose of a matrix [n, k] as a permutation (2, 0, 1) of [n, 1, k]: ONNX Runtime 1.30 folds a Transpose of the
 * last two axes into the MatMul again, and this one it does not.
 */
function transposeOutside(b: Builder, matrix: Value): Value {
  const [rows = 1, columns = 1] = matrix.type.shape;
  return b.reshape(b.transpose(b.reshape(matrix, [rows, 1, columns]), [2, 0, 1]), [columns, rows]);
}

/** onehot(i)ᵀ @ y → Equal([0, 1, …], i) @ y: the one-hot matrix is computed transposed. */
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

/** x @ yᵀ → Gemm(x, y, transB), and the same for xᵀ. */
function foldTransposes(graph: Graph, context: PassContext): Graph {
  return rewrite(graph, (node, { b, inputs, producer }) => {
    if (node.op !== "MatMul" || !inputs.every(isMatrix)) return undefined;
    const factors = inputs.map((input) => {
      const source = transposedOperand(input, [1, 0], producer);
      const staysOutside =
        input === inputs[0] && isTransposeCheaperBefore(input, at(at(node.outputs, 0).type.shape, 1), context);
      if (source === undefined) return { value: input, isTransposed: false };
      return staysOutside
        ? { value: transposeOutside(b, source), isTransposed: false }
        : { value: source, isTransposed: true };
    });
    const [x, y] = [at(factors, 0), at(factors, 1)];
    if (x.isTransposed || y.isTransposed) return [b.gemm(x.value, y.value, undefined, x.isTransposed, y.isTransposed)];
    return x.value === inputs[0] ? undefined : [b.matmul(x.value, y.value)];
  });
}

function productOf(node: Node | undefined): NodeOf<"MatMul"> | NodeOf<"Gemm"> | undefined {
  return node?.op === "Gemm" || (node?.op === "MatMul" && node.inputs.every(isMatrix)) ? node : undefined;
}

/** True for a product without an addend, or with an addend that is itself such a product. */
function acceptsBias(value: Value, producer: RewriteSite["producer"]): boolean {
  const product = productOf(producer(value));
  if (product === undefined) return false;
  const bias = product.inputs[2];
  return bias === undefined || (sameShape(bias.type.shape, value.type.shape) && acceptsBias(bias, producer));
}

/** The operands of [time, batch, k] @ matrix, when the addend is one number per column. */
function batchedProduct(
  node: Node | undefined,
  bias: Value,
): { readonly x: Value; readonly matrix: Value } | undefined {
  const [x, matrix] = node?.op === "MatMul" ? node.inputs : [];
  if (x?.type.shape.length !== 3 || matrix?.type.shape.length !== 2 || bias.type.shape.length !== 1) return undefined;
  return bias.type.shape[0] === matrix.type.shape[1] ? { x, matrix } : undefined;
}

/** x @ y + c → Gemm(x, y, c), when only the sum reads the product; (x @ y + p) + c → x @ y + (p + c). */
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
  description: "Fuses transposes and an addend into a matrix product: x @ yᵀ + c → Gemm(x, y, c, transB).",
  after: ["fold-time-into-matmul", "matmul-before-gather"],
  run: (graph, context) => {
    let current = oneHotTransposeAsEqual(foldTransposes(graph, context), context);
    for (let next = fuseBias(current, context); next !== current; next = fuseBias(next, context)) current = next;
    return current;
  },
};
