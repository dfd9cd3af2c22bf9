/** Loads the files of dist/program, with their compiled code from the user's cache folder where an earlier start left it. */
"use strict";
const fs = require("node:fs");
const { createRequire } = require("node:module");
const { join } = require("node:path");
const { Script } = require("node:vm");

/** The parameters of a file's code. Cached code cannot call `import`, so it calls `importPackage`. */
const parameters = "exports, require, module, __filename, __dirname, importPackage";

/** The code of a build that has written none for this time is removed. */
const KEPT_MS = 30 * 24 * 3600 * 1000;
/** V8 drops the code of functions that have not run for a while: a longer run writes none. */
const LONGEST_RUN_MS = 60_000;

/**
 * Loads a file of the program and the files that it requires. When the process, or thread, ends without failure, it
 * writes their compiled code to the cache.
 *
 * @param folder of the program.
 * @param name of the file.
 * @param build hash of all files of the program.
 * @returns the exports of the file.
 */
exports.load = (folder, name, build) => {
  const cache = openCache(build, name);
  const nodeRequire = createRequire(join(folder, name));
  const modules = new Map();
  /** Scripts whose code is not in the cache, or is that of another V8. */
  const compiled = new Map();

  const load = (file) => {
    const loaded = modules.get(file);
    if (loaded !== undefined) return loaded.exports;
    const filename = join(folder, file);
    const source = `(function (${parameters}) {${fs.readFileSync(filename, "latin1")}\n})`;
    const cachedData = cache?.read(file);
    const script = new Script(source, { filename, cachedData });
    if (cachedData === undefined || script.cachedDataRejected) compiled.set(file, script);
    const module = { exports: {} };
    modules.set(file, module);
    script.runInThisContext()(module.exports, require, module, filename, folder, (id) => import(id));
    return module.exports;
  };
  const require = Object.assign((id) => (id.startsWith("./") ? load(id.slice(2)) : nodeRequire(id)), nodeRequire);

  if (cache !== undefined)
    process.on("exit", (code) => {
      if (code === 0 && performance.now() < LONGEST_RUN_MS) cache.write(compiled);
    });
  return load(name);
};

/** The code for this build, this Node and the command, in the folder of Node's own variables; undefined without one. */
function openCache(build, name) {
  const { env, version, arch } = process;
  if (env.NODE_DISABLE_COMPILE_CACHE !== undefined) return undefined;
  const parent = env.NODE_COMPILE_CACHE ?? userCache();
  if (!parent) return undefined;
  const root = join(parent, "rnnx");
  const owned = join(root, `${build}-${version}-${arch}`);
  const folder = join(owned, purposeOf(name));
  const file = (chunk) => join(folder, `${chunk}.code`);
  const isTrusted = isOwn(folder);
  return {
    read(chunk) {
      if (!isTrusted) return undefined;
      try {
        return fs.readFileSync(file(chunk));
      } catch {
        return undefined;
      }
    },
    write(scripts) {
      if (scripts.size === 0) return;
      try {
        fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
        for (const [chunk, script] of scripts) writeDurably(file(chunk), script.createCachedData());
        removeOld(root, owned);
      } catch {
        // A cache that cannot be written costs time only.
      }
    },
  };
}

function userCache() {
  const { platform, env } = process;
  if (platform === "win32") return env.LOCALAPPDATA;
  if (env.XDG_CACHE_HOME) return env.XDG_CACHE_HOME;
  return env.HOME && join(env.HOME, ...(platform === "darwin" ? ["Library", "Caches"] : [".cache"]));
}

/** Compiled code runs unchecked: a folder that another user can write to, or that cannot be read, is ignored. */
function isOwn(folder) {
  try {
    const { uid, mode } = fs.statSync(folder);
    return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
  } catch {
    return false;
  }
}

/** Different commands run different functions; `--help` runs few. A thread has no command. */
function purposeOf(name) {
  const args = process.argv.slice(2);
  const command = args.find((argument) => /^[a-z][a-z-]*$/.test(argument)) ?? "none";
  const isHelp = args.some((argument) => ["--help", "-h", "help"].includes(argument));
  return `${name.slice(0, name.indexOf("."))}-${isHelp ? "help" : command}`;
}

/** V8 does not check the contents of code, so a file has them whole or does not exist. */
function writeDurably(file, bytes) {
  const temporary = `${file}.${process.pid}`;
  fs.writeFileSync(temporary, bytes, { mode: 0o600, flush: true });
  fs.renameSync(temporary, file);
}

function removeOld(root, current) {
  for (const name of fs.readdirSync(root)) {
    const folder = join(root, name);
    if (folder === current || fs.statSync(folder).mtimeMs > Date.now() - KEPT_MS) continue;
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
