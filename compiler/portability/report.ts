/** The portability report: the outcome of a model in each runtime, a pure function of its nodes and the rules. */
import type { ModelInfo } from "../onnx/read/model.js";
import type { ModelNode } from "../onnx/read/nodes.js";
import type { Condition, ModelRule, Outcome, Rule, Runtime } from "./rules.js";
import { runtimes } from "./runtimes.js";
import { shapeArithmetic } from "./shape-arithmetic.js";

export interface Finding {
  readonly outcome: Exclude<Outcome, "runs">;
  /** "" for a finding about the whole model. */
  readonly operator: string;
  /** Number of nodes, and of those in the body of a loop. */
  readonly count: number;
  readonly inLoops: number;
  readonly reason: string;
}

export interface RuntimeReport {
  readonly runtime: string;
  readonly source: string;
  /** The worst outcome of any node. */
  readonly outcome: Outcome;
  readonly nodes: { readonly [O in Outcome]: number };
  readonly findings: readonly Finding[];
}

export type ModelSummary = Pick<ModelInfo, "inputs" | "opsets" | "irVersion">;

/** From the least to the most severe outcome. */
const severityOrder: readonly Outcome[] = ["runs", "host", "cpu", "unknown", "wrong", "fails"];

export function portability(model: ModelSummary, nodes: readonly ModelNode[]): readonly RuntimeReport[] {
  return runtimes.map((runtime) => reportOf(runtime, model, nodes));
}

function reportOf(runtime: Runtime, model: ModelSummary, nodes: readonly ModelNode[]): RuntimeReport {
  const counts: { [O in Outcome]: number } = { runs: 0, host: 0, cpu: 0, unknown: 0, wrong: 0, fails: 0 };
  const findings = new Map<string, Finding>();
  const record = (outcome: Outcome, operator: string, reason: string, inLoop: boolean) => {
    if (outcome === "runs") return;
    const key = `${outcome} ${operator} ${reason}`;
    const existing = findings.get(key) ?? { outcome, operator, reason, count: 0, inLoops: 0 };
    findings.set(key, { ...existing, count: existing.count + 1, inLoops: existing.inLoops + (inLoop ? 1 : 0) });
  };
  for (const rule of runtime.model) if (concerns(rule, model)) record(rule.outcome, "", rule.reason, false);
  const context = { opset: model.opsets["ai.onnx"] ?? 0, shapes: shapeArithmetic(nodes) };
  for (const node of nodes) {
    if (node.undefinedInput !== null)
      record("fails", node.operator, `reads ${node.undefinedInput}, which nothing before it computes`, node.inLoop);
    const rule = runtime.rules.find((each) => applies(each, node, context));
    const outcome = rule?.outcome ?? runtime.fallback;
    counts[outcome] += 1;
    record(outcome, node.operator, rule?.reason ?? "was not tested", node.inLoop);
  }
  const sorted = [...findings.values()].sort(
    (a, b) => severityOrder.indexOf(b.outcome) - severityOrder.indexOf(a.outcome),
  );
  return {
    runtime: runtime.name,
    source: runtime.source,
    outcome: sorted[0]?.outcome ?? "runs",
    nodes: counts,
    findings: sorted,
  };
}

function concerns(
  { inputRankAbove, opsetAbove, irAbove }: ModelRule,
  { inputs, opsets, irVersion }: ModelSummary,
): boolean {
  return (
    (inputRankAbove === undefined || inputs.some(({ shape = [] }) => shape.length > inputRankAbove)) &&
    (opsetAbove === undefined || (opsets["ai.onnx"] ?? 0) > opsetAbove) &&
    (irAbove === undefined || irVersion > irAbove)
  );
}

interface Context {
  readonly opset: number;
  readonly shapes: ReadonlySet<ModelNode>;
}

function applies({ operators, domainsOtherThan, when }: Rule, node: ModelNode, context: Context): boolean {
  if (domainsOtherThan?.includes(node.domain)) return false;
  if (operators !== undefined && (node.domain !== "ai.onnx" || !operators.includes(node.operator))) return false;
  return when === undefined || matches(when, node, context);
}

function matches(
  { opsetAbove, type, attribute, inputPresent, outputMissing, outputsAbove, inLoop, shapes }: Condition,
  node: ModelNode,
  context: Context,
): boolean {
  return (
    (opsetAbove === undefined || context.opset > opsetAbove) &&
    (type === undefined || hasType(type, node)) &&
    (attribute === undefined || hasAttribute(attribute, node)) &&
    (inputPresent === undefined || (node.inputs[inputPresent] ?? "") !== "") &&
    (outputMissing === undefined || node.outputs[outputMissing] !== true) &&
    (outputsAbove === undefined || node.outputs.length > outputsAbove) &&
    (inLoop === undefined || node.inLoop === inLoop) &&
    (shapes === undefined || context.shapes.has(node))
  );
}

function hasType({ input, in: allowed, notIn }: NonNullable<Condition["type"]>, node: ModelNode): boolean {
  const type = node.inputs[input] || "unknown";
  return (allowed === undefined || allowed.includes(type)) && (notIn === undefined || !notIn.includes(type));
}

function hasAttribute(
  { name, is, not, otherThan }: NonNullable<Condition["attribute"]>,
  { attributes }: ModelNode,
): boolean {
  const value = attributes.get(name);
  if (not !== undefined) return value !== not;
  if (otherThan !== undefined)
    return Array.isArray(value) && value.some((text, at) => otherThan[at % otherThan.length] !== text.toLowerCase());
  if (is !== undefined) return (typeof value === "number" || typeof value === "string") && is.includes(value);
  return value !== undefined;
}
