/** Numbers as commands write them: as everything that people look at does. */
export * from "../views/format.js";
