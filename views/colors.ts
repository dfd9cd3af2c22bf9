/** Colours of a stream, or none. */
import type colors from "picocolors";

export type Colors = ReturnType<typeof colors.createColors>;
