/** The reason why a node of a model has no training, thrown while the node is lowered and collected by the walk. */
export class Refusal extends Error {
  /**
   * @param reason completes "NODE (Operator) …": a predicate such as "has no gradient for complex numbers".
   * @param hint the way out, an imperative; may be empty.
   */
  constructor(
    readonly reason: string,
    readonly hint = "",
  ) {
    super(reason);
  }
}

export function refuse(reason: string, hint = ""): never {
  throw new Refusal(reason, hint);
}
