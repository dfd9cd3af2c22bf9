/** The page of the command line, made from what the built commands declare. */
import { Command } from "commander";

/** Text in which nothing is taken for markup. */
const plain = (text) => text.replaceAll("<", "\\<").replaceAll("\n", " ");
const cellText = (text) => plain(text).replaceAll("|", "\\|");

function flagRow(option) {
  const notes = [
    ...(option.mandatory ? ["required"] : []),
    ...(option.argChoices === undefined
      ? []
      : [`one of ${option.argChoices.map((choice) => `\`${choice}\``).join(", ")}`]),
    ...((option.defaultValueDescription ?? option.defaultValue ?? false) === false
      ? []
      : [`default ${option.defaultValueDescription ?? `\`${option.defaultValue}\``}`]),
  ];
  const text = [option.description, ...notes].join("; ");
  return `| \`${option.flags.replaceAll("|", "\\|")}\` | ${cellText(text)} |`;
}

async function commandText({ name, load }) {
  const module = await load();
  const face = new Command(name);
  module.declare(face);
  const operands = face.registeredArguments.map((argument) => {
    const shown = `${argument.name().toUpperCase()}${argument.variadic ? "…" : ""}`;
    return argument.required ? shown : `[${shown}]`;
  });
  const lines = [
    `## rnnx ${name}`,
    plain(module.description),
    `    rnnx ${[name, ...operands].join(" ")}${face.options.length > 0 ? " [flags]" : ""}`,
  ];
  if (operands.length > 0)
    lines.push(
      face.registeredArguments
        .map((argument) => `- \`${argument.name().toUpperCase()}\`: ${plain(argument.description)}`)
        .join("\n"),
    );
  if (face.options.length > 0) lines.push(["| flag | does |", "|---|---|", ...face.options.map(flagRow)].join("\n"));
  lines.push("For example:", `    ${module.example}`);
  return lines.join("\n\n");
}

/** @param commands The list of `dist/cli/commands/index.js`. */
export async function cliReference(commands) {
  const texts = [];
  for (const command of commands) texts.push(await commandText(command));
  const list = commands.map(({ name, summary }) => `| [\`rnnx ${name}\`](#rnnx-${name}) | ${cellText(summary)} |`);
  return `${[
    "# The command line",
    "<!-- Made by `npm run reference` from the commands' declarations in cli/commands/. -->",
    "Every command has `--help`, and `--json`: one JSON object per line on stdout and nothing else there. Progress and messages for people go to stderr. `NO_COLOR` leaves colours out; `RNNX_DEBUG=1` prints the stack of an internal error.",
    ["| command | does |", "|---|---|", ...list].join("\n"),
    [
      "| exit code | means |",
      "|---|---|",
      "| 0 | done |",
      "| 1 | the run failed |",
      "| 2 | the input was wrong: the spec, the data or a flag |",
      "| 130, 143 | interrupted by Ctrl-C or SIGTERM, with a checkpoint saved; `--resume` goes on from there |",
      "| 141 | the reader of the output left (`\\| head`); a training saves a checkpoint first |",
    ].join("\n"),
    ...texts,
  ].join("\n\n")}\n`;
}
