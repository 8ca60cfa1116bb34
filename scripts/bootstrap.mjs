// node scripts/bootstrap.mjs <program> [args...]
//
// Makes a fresh clone ready (a Node that OpenClaw accepts, the locked dependencies) and runs the program there.
// Runs on any Node >= 20 with nothing installed, so: plain JavaScript, Node's own modules only.
// What it says goes to stderr; stdout belongs to the program.
import { execFileSync } from "node:child_process";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { run } from "./run.mjs";

const NODE_VERSION = "24.21.0";
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const toolchain = join(root, ".toolchain");
const toolchainBin = join(toolchain, "node_modules", ".bin");
const projectBin = join(root, "node_modules", ".bin");

/** An expected failure: shown without a stack. */
class SetupError extends Error {}

/**
 * OpenClaw's `engines.node`: >=24.16.0 <25 || >=26.1.0
 * @param {string} version
 */
function isSupportedNode(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  return (major === 24 && minor >= 16) || (major === 26 && minor >= 1) || major > 26;
}

/** The Node to run with, or undefined when it has yet to be installed. */
function findNode() {
  if (isSupportedNode(process.version)) return process.execPath;
  const installed = join(toolchainBin, "node");
  try {
    // A broken or half-installed binary fails here and is installed again.
    const version = execFileSync(installed, ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return isSupportedNode(version) ? installed : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether node_modules holds what package-lock.json says, package by package. npm's own node_modules/.package-lock.json
 * only tells that an install came to its end (`npm ci` removes it first): its content is not to be trusted, because
 * `npm install --package-lock-only` rewrites it without installing anything.
 */
function dependenciesMatch() {
  if (!existsSync(join(root, "node_modules", ".package-lock.json"))) return false;
  const { "": _self, ...locked } = readJson("package-lock.json").packages;
  return Object.entries(locked).every(([path, { version, optional }]) => {
    const manifest = join(path, "package.json");
    // npm leaves out optional packages that are for another platform.
    return existsSync(join(root, manifest)) ? readJson(manifest).version === version : optional === true;
  });
}

/** @param {string} file */
function readJson(file) {
  return JSON.parse(readFileSync(join(root, file), "utf8"));
}

/** @param {string} node */
function environment(node) {
  return { ...process.env, PATH: [projectBin, dirname(node), process.env["PATH"]].join(delimiter) };
}

/**
 * @param {string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv }} options
 */
async function npm(args, options) {
  // 2, 2: npm's words go to stderr like ours.
  const code = await run("npm", [...args, "--loglevel=error"], { ...options, stdio: ["inherit", 2, 2] }).catch(
    (/** @type {Error} */ error) => {
      throw new SetupError(`cannot start npm (${error.message}). It comes with Node: is it on PATH?`);
    },
  );
  if (code !== 0) {
    throw new SetupError(
      `\`npm ${args.join(" ")}\` failed with exit code ${code}, the reason is above. Most often: no way to the registry ` +
        "(try `npm ping`), a full disk (1 GB is needed), or a lockfile that does not fit package.json (`npm install`).",
    );
  }
}

async function installNode() {
  say(`OpenClaw does not run on Node ${process.version}: installing Node ${NODE_VERSION} into .toolchain/ (once).`);
  // Its own package.json keeps npm away from the project's; allowScripts lets `node` fetch the binary for this platform.
  writeFileSync(join(toolchain, "package.json"), JSON.stringify({ private: true, allowScripts: { node: true } }));
  rmSync(join(toolchain, "node_modules"), { recursive: true, force: true });
  await npm(["install", `node@${NODE_VERSION}`, "--no-save", "--no-package-lock", "--ignore-scripts=false"], {
    cwd: toolchain,
  });
  const node = findNode();
  if (!node) throw new SetupError(`Node ${NODE_VERSION} was installed but does not start on this machine.`);
  return node;
}

/** @param {string} node */
async function installDependencies(node) {
  say("Installing the locked dependencies with npm ci (once per lockfile, about 1 GB).");
  // Whatever NODE_ENV or npm's omit setting say: the tools are devDependencies, and some come as optional binaries.
  await npm(["ci", "--include=dev", "--include=optional", "--include=peer"], { cwd: root, env: environment(node) });
}

/** Runs `work` while no other bootstrap of this clone installs anything. @param {() => Promise<void>} work */
async function withLock(work) {
  const lock = join(toolchain, "lock");
  const mine = `${lock}.${process.pid}`;
  const isStale = () => {
    try {
      if (Date.now() - statSync(lock).mtimeMs > 30 * 60_000) return true;
      process.kill(Number(readFileSync(lock, "utf8")), 0);
      return false;
    } catch (error) {
      return /** @type {NodeJS.ErrnoException} */ (error).code === "ESRCH";
    }
  };
  mkdirSync(toolchain, { recursive: true });
  writeFileSync(mine, String(process.pid));
  process.once("exit", () => rmSync(mine, { force: true }));
  for (let waited = 0; ; waited++) {
    try {
      linkSync(mine, lock); // atomic, and the lock never exists without its owner's pid
      break;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
    }
    if (isStale()) rmSync(lock, { force: true });
    else if (waited === 0) say("Waiting for another bootstrap of this folder to finish installing.");
    await sleep(300);
  }
  rmSync(mine);
  const unlock = () => rmSync(lock, { force: true });
  process.once("exit", unlock);
  await work();
  unlock();
  process.off("exit", unlock);
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`bootstrap: ${line}\n`);
}

/** @param {string} program @param {string[]} args */
async function main(program, args) {
  let node = findNode();
  if (!node || !dependenciesMatch()) {
    await withLock(async () => {
      node = findNode() ?? (await installNode());
      if (!dependenciesMatch()) await installDependencies(node);
    });
  }
  if (!node) throw new SetupError("no usable Node");
  const options = { cwd: root, env: environment(node) };
  if (/\.(ts|mjs)$/.test(program)) return run(node, [program, ...args], options);
  const command = join(projectBin, program);
  if (!existsSync(command)) throw new SetupError(`${program}: no such command in node_modules/.bin`);
  return run(command, args, options);
}

const [program, ...args] = process.argv.slice(2);
try {
  if (!program) throw new SetupError("usage: node scripts/bootstrap.mjs <script.ts | script.mjs | command> [args...]");
  process.exitCode = await main(program, args);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(`error: ${error.message}`);
  process.exitCode = 1;
}
