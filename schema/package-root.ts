/** The package's root folder: sources run from its `schema/`, builds from its `dist/schema/`. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

let cachedRoot: string | undefined;

/** The folder of the package's package.json. */
export function packageRoot(): string {
  if (cachedRoot !== undefined) return cachedRoot;
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json above ${import.meta.url}`);
    folder = parent;
  }
  cachedRoot = folder;
  return folder;
}

interface PackageJson {
  readonly version: string;
  readonly peerDependencies: Readonly<Record<string, string>>;
}

function packageJson(): PackageJson {
  return JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8"));
}

/** The package's version, from package.json. */
export function packageVersion(): string {
  return packageJson().version;
}

/** The command that installs an optional package in the version that rnnx is tested with. */
export function installCommand(name: string): string {
  return `npm install ${name}@${packageJson().peerDependencies[name]}`;
}
