/** The page that lets a person try a model. */
import { openPage } from "../page-shell.js";
import { panelOf } from "./panel.js";

void openPage("index.html", (model) => [panelOf(model)]);
