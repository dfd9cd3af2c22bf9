/** Parameters and options that nothing reads: they would be accepted without an effect. */
import type { Report } from "../../schema/diagnostics.js";
import type { NormalCellDefinition, SizeExpression } from "../../schema/normal.js";
import { child } from "../../schema/pointer.js";
import { quote } from "../../schema/wording.js";
import { ownValue, type ResolvedCell } from "./cell.js";
import type { Assignment } from "./equations.js";
import { parseExpression, visit } from "./expression.js";

/** `choices` are the cell under the options that the definition allows: what any of them reads is used. */
export function checkUses(
  definition: NormalCellDefinition,
  choices: readonly { readonly cell: ResolvedCell; readonly equations: readonly Assignment[] }[],
  path: string,
  report: Report,
): void {
  const inEquations = new Set(choices.flatMap(({ equations }) => equations.flatMap(namesIn)));
  const elsewhere = new Set(choices.flatMap(({ cell }) => namesInDeclarations(cell)));
  const reported = new Set<string>();
  for (const { cell } of choices) {
    for (const name of Object.keys(cell.parameters)) {
      if (inEquations.has(name) || reported.has(name)) continue;
      reported.add(name);
      report({
        code: "unused-parameter",
        path: `${path}${ownValue(cell.written.parameters, name)}`,
        message: `no equation reads the parameter ${quote(name)}`,
        hint: "Leave it out, or read it in an equation.",
        atKey: true,
      });
    }
  }
  for (const name of Object.keys(definition.options)) {
    if (inEquations.has(name) || elsewhere.has(name) || Object.hasOwn(definition.variants, name)) continue;
    report({
      code: "unused-option",
      path: child(`${path}/options`, name),
      message: `nothing depends on the option ${quote(name)}`,
      hint: "Leave it out, or read it in an equation, a size, an initializer or a variant.",
      atKey: true,
    });
  }
}

function namesIn({ value }: Pick<Assignment, "value">): readonly string[] {
  const names: string[] = [];
  visit(value, (part) => {
    if (part.kind === "name") names.push(part.name);
  });
  return names;
}

/** The names in sizes and initializers, which are the only ones outside equations. */
function namesInDeclarations(cell: ResolvedCell): readonly string[] {
  const slices = Object.values(cell.initializers).flatMap((initializer) =>
    typeof initializer === "object" ? initializer : [{ from: 0, to: 0, value: initializer }],
  );
  const sizes = [
    ...Object.values(cell.state),
    ...Object.values(cell.parameters).flat(),
    ...slices.flatMap(({ from, to }) => [from, to]),
  ];
  return [...sizes.flatMap(namesInSize), ...slices.map(({ value }) => String(value))];
}

function namesInSize(size: SizeExpression): readonly string[] {
  const parsed = typeof size === "string" ? parseExpression(size) : undefined;
  return parsed?.ok ? namesIn({ value: parsed.expression }) : [];
}
