/**
 * Programs of Debian packages for the tests: those of this machine, or else unpacked into `.cache/debian`. Nothing is
 * installed: no root is needed, no service starts, nothing outside this folder changes.
 */
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { PROJECT_ROOT } from "./gateway.ts";
import { isAlive } from "./processes.ts";
import { makeTempDir } from "./temp.ts";

export type PackagedProgram = {
  /** Debian packages that it takes; the first has the program. */
  packages: readonly [string, ...string[]];
  /** With the packages they depend on and this machine lacks: shared libraries. */
  withDependencies: boolean;
  /** Names that the program has on PATH. */
  commands: readonly string[];
  /** The program inside the package, from the root. */
  file: string;
  /** With which it starts and ends at once (default `--version`). */
  trial?: string;
};

/** A program that starts. */
export type Program = {
  file: string;
  /** To be added to the environment that it is started in. */
  env: Record<string, string>;
  /** The folder it was unpacked into; undefined: it belongs to this machine. */
  unpackedIn?: string;
};

/** Why there is none. */
export type NoProgram = { why: string };

const CACHE = path.join(PROJECT_ROOT, ".cache/debian");
const TIMEOUT_MS = 120_000;
const run = promisify(execFile);

/** Finds the program, or unpacks it: seconds, once. */
export async function packagedProgram(wanted: PackagedProgram): Promise<Program | NoProgram> {
  const own = await ownProgram(wanted);
  if (own !== undefined) return own;
  const root = path.join(CACHE, wanted.packages.join("+"));
  if (fs.existsSync(root)) {
    const unpacked = unpackedProgram(root, wanted);
    if ((await problemOf(unpacked, wanted)) === undefined) return unpacked;
    // Of another machine, or with libraries missing here.
    fs.rmSync(root, { recursive: true, force: true });
  }
  try {
    await unpack(wanted, root);
  } catch (error) {
    return { why: `${wanted.packages.join(", ")} cannot be unpacked: ${reasonOf(error)}` };
  }
  const unpacked = unpackedProgram(root, wanted);
  const problem = await problemOf(unpacked, wanted);
  return problem === undefined
    ? unpacked
    : { why: `${wanted.file} of ${wanted.packages[0]} does not start: ${problem}` };
}

async function ownProgram(wanted: PackagedProgram): Promise<Program | undefined> {
  for (const file of wanted.commands) {
    const program = { file, env: {} };
    if ((await problemOf(program, wanted)) === undefined) return program;
  }
  return undefined;
}

async function problemOf(
  { file, env }: Program,
  { trial = "--version" }: PackagedProgram,
): Promise<string | undefined> {
  try {
    await run(file, [trial], { env: { ...process.env, ...env }, timeout: 20_000 });
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

function unpackedProgram(root: string, { file }: PackagedProgram): Program {
  const libraries = libraryFolders(root);
  return {
    file: path.join(root, file),
    env: libraries.length === 0 ? {} : { LD_LIBRARY_PATH: libraries.join(":") },
    unpackedIn: root,
  };
}

/** Every folder with a shared library: some are found at fixed paths only when they are really installed. */
function libraryFolders(root: string): string[] {
  const files = fs.readdirSync(root, { recursive: true, encoding: "utf8" });
  const libraries = files.filter((name) => /\.so(\.[\d.]+)?$/.test(name));
  return [...new Set(libraries.map((name) => path.join(root, path.dirname(name))))].toSorted();
}

/** Into a folder of its own first: another process may be doing the same. */
async function unpack({ packages, withDependencies }: PackagedProgram, root: string): Promise<void> {
  const startedAtMs = performance.now();
  const call = await privateApt();
  const names = withDependencies ? await missingPackages(call, packages) : packages;
  removeLeftBehind();
  const building = fs.mkdtempSync(path.join(CACHE, `building-${process.pid}-`));
  try {
    await call(["download", ...names], building);
    const archives = fs.readdirSync(building).filter((name) => name.endsWith(".deb"));
    for (const archive of archives) {
      await run("dpkg-deb", ["-x", archive, "root"], { cwd: building, timeout: TIMEOUT_MS });
    }
    putInPlace(path.join(building, "root"), root);
  } finally {
    fs.rmSync(building, { recursive: true, force: true });
  }
  const took = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  process.stderr.write(
    `[debian] unpacked ${packages.join(", ")} (${names.length} package${names.length === 1 ? "" : "s"}) in ${took} s\n`,
  );
}

function putInPlace(made: string, root: string): void {
  try {
    fs.renameSync(made, root);
  } catch (error) {
    // The other process was faster.
    if (!fs.existsSync(root)) throw error;
  }
}

type Apt = (args: readonly string[], cwd: string) => Promise<string>;
let apt: Promise<Apt> | undefined;

/** apt-get with package lists of our own, just fetched. */
function privateApt(): Promise<Apt> {
  fs.mkdirSync(CACHE, { recursive: true });
  apt ??= (async () => {
    const dir = makeTempDir("apt");
    for (const name of ["lists", "archives"]) fs.mkdirSync(path.join(dir, name, "partial"), { recursive: true });
    const settings = {
      "Dir::State::lists": path.join(dir, "lists"),
      "Dir::Cache": dir,
      "Dir::Cache::archives": path.join(dir, "archives"),
      "Acquire::Retries": "1",
      "Acquire::http::Timeout": "20",
      // It would otherwise give up root for a user that cannot write here.
      ...(process.getuid?.() === 0 ? { "APT::Sandbox::User": "root" } : {}),
    };
    const options = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
    const env = { ...process.env, LC_ALL: "C.UTF-8", DEBIAN_FRONTEND: "noninteractive" };
    const call: Apt = async (args, cwd) => {
      const { stdout } = await run("apt-get", ["-qq", ...options, ...args], { cwd, env, timeout: TIMEOUT_MS });
      return stdout;
    };
    // Without this it is content with a warning when no list could be fetched.
    await call(["update", "-o", "APT::Update::Error-Mode=any"], dir);
    return call;
  })();
  return apt;
}

/** What an installation would add to this machine. */
async function missingPackages(call: Apt, packages: readonly string[]): Promise<string[]> {
  const plan = await call(["install", "--simulate", "--no-install-recommends", ...packages], CACHE);
  return [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name!);
}

function removeLeftBehind(): void {
  for (const name of fs.readdirSync(CACHE)) {
    const pid = /^building-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) fs.rmSync(path.join(CACHE, name), { recursive: true, force: true });
  }
}

/** In one line. */
function reasonOf(error: unknown): string {
  const { code, path: file, stderr = "", message } = error as NodeJS.ErrnoException & { stderr?: string };
  if (code === "ENOENT") return `no ${file ?? "such command"} here`;
  const lines = stderr.split("\n").filter((line) => line.trim() !== "");
  return lines.find((line) => /^(E|Err)[: ]/.test(line)) ?? lines.at(-1) ?? message;
}
