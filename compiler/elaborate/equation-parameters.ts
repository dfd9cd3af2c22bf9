/** The parameters of a cell or a layer of equations, with their initializers. */
import type { Report } from "../../schema/diagnostics/index.js";
import type { Shape, Value } from "../ir/types.js";
import { ownValue, type ResolvedDefinition } from "../language/resolve.js";
import type { Scope } from "../language/scope.js";
import { resolveSize, sizeNames } from "../language/size-expression.js";
import type { Context } from "./context.js";
import { cellInitializer } from "./initializers.js";

/** The use of a definition, whose parameters are `<prefix>/<name>`. */
export interface EquationUse {
  readonly definition: ResolvedDefinition;
  /** JSON pointer to the definition in the spec. */
  readonly path: string;
  readonly sizes: Scope["sizes"];
  readonly prefix: string;
}

/** Opens the parameters of some shapes, by their names in the equations. */
export function openParameters(
  { definition, path, sizes, prefix }: EquationUse,
  shapes: Readonly<Record<string, Shape>>,
  report: Report,
  context: Context,
): Readonly<Record<string, Value>> {
  const names = sizeNames(definition, sizes);
  const resolveEdge = (size: number | string) => Number(resolveSize(size, names, path, report, 0));
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => {
      const initializer = ownValue(definition.initializers, name);
      const parameter = context.parameter(`${prefix}/${name}`, shape, (dims) =>
        cellInitializer(initializer, dims, names, resolveEdge),
      );
      return [name, parameter];
    }),
  );
}
