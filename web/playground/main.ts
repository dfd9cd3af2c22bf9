/** The playground page: runs the model on input of the user. */
import { openPage } from "../page-shell.js";
import { panelOf } from "./panel.js";

void openPage("index.html", (model) => [panelOf(model)]);
