import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import type { Binding } from "../domain/binding.ts";
import type { TranscriptState } from "../domain/collection.ts";
import { isLocked, lockPathOf } from "./host-lock.ts";
import { lookAt, realOf } from "./look-at.ts";

/** Enough for the header and a message; nothing more is read of a transcript. */
const HEAD_BYTES = 256 * 1024;

/** The transcripts of one `sessions.json` store: files of one JSON event per line beside it. */
export class Transcripts {
  readonly #folder: string;
  readonly #prefix: string;
  readonly #stateDir: string;
  /** By the name that they begin with; made when the first is asked for. */
  #companions: Map<string, string[]> | undefined;
  /** Folders that rows name, as they are without links. */
  readonly #real = new Map<string, string | undefined>();
  /** What is in the folder besides the store and what stands by it: 100,000 questions are answered by one look. */
  readonly #names: ReadonlySet<string>;

  constructor(folder: string, stateDir: string) {
    this.#folder = folder;
    this.#prefix = folder + sep;
    this.#stateDir = stateDir;
    this.#names = new Set(readdirSync(folder).filter((name) => !name.startsWith("sessions.json")));
  }

  /** Where its transcript is, or would be; `undefined` when it has not begun one. May be outside the state directory. */
  pathOf(binding: Binding): string | undefined {
    const name = this.#nameOf(binding);
    if (name !== undefined) return this.#prefix + name;
    return binding.sessionFile === undefined ? undefined : resolve(this.#folder, binding.sessionFile);
  }

  /** The name of a transcript that is in the store's own folder, as nearly all of them are. */
  #nameOf({ sessionId, sessionFile }: Binding): string | undefined {
    const byId = sessionId === undefined || !isName(sessionId) ? undefined : `${sessionId}.jsonl`;
    if (sessionFile === undefined) return byId;
    const name = sessionFile.startsWith(this.#prefix) ? sessionFile.slice(this.#prefix.length) : sessionFile;
    if (isName(name)) return name;
    // Hosts write down the way that they were told, which may be through a link.
    const path = resolve(this.#folder, sessionFile);
    if (this.#realOf(dirname(path)) === this.#folder) return basename(path);
    // After a move of the state directory they go by the id.
    return !isThere(path) && byId !== undefined && this.#names.has(byId) ? byId : undefined;
  }

  #realOf(folder: string): string | undefined {
    const known = this.#real.get(folder);
    if (known !== undefined || this.#real.has(folder)) return known;
    const found = unlessForbidden(() => realOf(folder), undefined);
    this.#real.set(folder, found);
    return found;
  }

  stateOf(binding: Binding): TranscriptState {
    const path = this.pathOf(binding);
    if (path === undefined) return "none";
    if (this.isUnsafe(binding)) return "unsafe";
    if (this.isMissing(binding)) return "missing";
    try {
      return stateOfHead(...headOf(path));
    } catch {
      // Whatever it is, it is there.
      return "present";
    }
  }

  /** A symbolic link, anything outside the state directory, or no transcript's name. What is not there is not followed. */
  isUnsafe(binding: Binding): boolean {
    const name = this.#nameOf(binding);
    if (name !== undefined) return this.#names.has(name) && !isTranscript(this.#prefix + name);
    const path = this.pathOf(binding);
    if (path === undefined || !isThere(path)) return false;
    const folder = this.#realOf(dirname(path));
    return !isTranscript(path) || folder === undefined || !this.#isInside(join(folder, basename(path)));
  }

  /** Whether there is no file where it should be. */
  isMissing(binding: Binding): boolean {
    const name = this.#nameOf(binding);
    if (name !== undefined) return !this.#names.has(name);
    const path = this.pathOf(binding);
    return path !== undefined && !isThere(path);
  }

  isLocked(binding: Binding): boolean {
    const name = this.#nameOf(binding);
    if (name !== undefined) return this.#names.has(lockPathOf(name)) && isLocked(this.#prefix + name);
    const path = this.pathOf(binding);
    return path !== undefined && isLocked(path);
  }

  /**
   * What is to be archived with a transcript: itself, and what hosts keep beside it. None when it is not a file in the store's
   * own folder: the transcripts of another store are that one's.
   */
  filesOf(path: string): string[] {
    const name = basename(path);
    if (dirname(path) !== this.#folder || !this.#names.has(name) || !isTranscript(path)) return [];
    this.#companions ??= companionsIn(this.#names);
    const others = this.#companions.get(name.replace(/\.jsonl$/, "")) ?? [];
    return [name, ...others].map((one) => this.#prefix + one);
  }

  #isInside(path: string): boolean {
    const way = relative(this.#stateDir, path);
    return way !== "" && !way.startsWith("..") && !isAbsolute(way);
  }
}

/** Of a file, and not a way to one elsewhere. */
const isName = (text: string): boolean => !/[/\\]/.test(text) && text !== "." && text !== "..";

/** Checkpoints of compactions and trajectories, which hosts name after the session. */
function companionsIn(names: Iterable<string>): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const name of names) {
    const [, session] = /^(.+?)\.(?:checkpoint\..+\.jsonl|trajectory\.jsonl|trajectory-path\.json)$/.exec(name) ?? [];
    if (session !== undefined && hasRoom(name)) found.set(session, [...(found.get(session) ?? []), name]);
  }
  return found;
}

/** A file whose name has room for that of an archive. */
const isTranscript = (path: string): boolean => isFile(path) && hasRoom(basename(path));

const isFile = (path: string): boolean => unlessForbidden(() => lookAt(path)?.isFile() === true, false);
/** Where nobody may look there may be something. */
const isThere = (path: string): boolean => unlessForbidden(() => lookAt(path) !== undefined, true);

/** A row may name a place that is closed to this user: that is no reason to do nothing with the others. */
function unlessForbidden<Value>(look: () => Value, otherwise: Value): Value {
  try {
    return look();
  } catch (error) {
    if (["EACCES", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) return otherwise;
    throw error;
  }
}

/** One for all: they are read one after the other. */
const head = Buffer.alloc(HEAD_BYTES);

/** The beginning of a file, and how long all of it is. */
function headOf(path: string): [text: string, sizeBytes: number] {
  const fd = openSync(path, "r");
  try {
    return [head.toString("utf8", 0, readSync(fd, head, 0, HEAD_BYTES, 0)), fstatSync(fd).size];
  } finally {
    closeSync(fd);
  }
}

/** To hosts a longer file without a message is a conversation all the same (2026.6.5). */
const SHORT_BYTES = 4096;
const CONTENT = new Set<unknown>(["message", "compaction", "branch_summary"]);

/** What the head leaves open is taken for a conversation. */
function stateOfHead(text: string, sizeBytes: number): TranscriptState {
  const isWhole = sizeBytes <= HEAD_BYTES;
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  // Cut off by the end of the head, or by a crash: a host repairs the latter.
  if (!isWhole) lines.pop();
  const events = lines.flatMap((line) => eventIn(line) ?? []);
  if (events.some(hasContent)) return "present";
  if (events.length > 0) return sizeBytes > SHORT_BYTES ? "present" : "empty";
  if (lines.length > 0) return "corrupt";
  return isWhole ? "empty" : "present";
}

/** Older hosts wrote the message itself. */
function hasContent({ type, role, message }: Event): boolean {
  const inner = typeof message === "object" && message !== null && "role" in message;
  return CONTENT.has(type) || typeof role === "string" || inner;
}

interface Event {
  readonly type?: unknown;
  readonly role?: unknown;
  readonly message?: unknown;
}

function eventIn(line: string): Event | undefined {
  try {
    const event: unknown = JSON.parse(line);
    return typeof event === "object" && event !== null ? event : undefined;
  } catch {
    return undefined;
  }
}

/** As a host names a transcript that it puts away: found by its search, and removed by its own cleanup in time. */
export function archiveNameOf(path: string, atMs: number): string {
  for (let stampMs = atMs; ; stampMs++) {
    const name = path + archiveSuffix(stampMs);
    if (lookAt(name) === undefined) return name;
  }
}

const archiveSuffix = (atMs: number): string => `.deleted.${archiveStamp(atMs)}`;

/** A time as it may stand in the name of a file: `2026-02-03T04-05-06.789Z`. */
export const archiveStamp = (atMs: number): string => new Date(atMs).toISOString().replaceAll(":", "-");

/** Names end at 255 bytes. */
const hasRoom = (name: string): boolean => Buffer.byteLength(name) + archiveSuffix(0).length <= 255;

/** The folder of an agent's store. */
export const sessionsFolder = (stateDir: string, agentId: string): string =>
  join(stateDir, "agents", agentId, "sessions");
