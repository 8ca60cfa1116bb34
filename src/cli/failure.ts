/** Every exit code of `openclaw resumes`: scripts rely on them. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  forbidden: 4,
  unreachable: 5,
  unhealthy: 6,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: "done",
  1: "unexpected failure, or the plugin is not running in the gateway",
  2: "wrong usage or input",
  3: "nothing done: unknown session, or not in a state for it",
  4: "not allowed: a scope is missing, or the credentials are wrong",
  5: "gateway not reachable",
  6: "`doctor` found something that does not work",
};

/** The table of exit codes for the help. */
export const EXIT_HELP = ["Exit codes:", ...Object.entries(MEANINGS).map(([code, text]) => `  ${code}  ${text}`)].join(
  "\n",
);

/** What keeps a command from its work, in words for the operator. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly exitCode: ExitCode;
  /** For scripts: one word that does not change with the wording. */
  readonly type: string;
  readonly remedy: string | undefined;
  /** Whether this machine's stores can answer instead: they are those of the gateway that was asked. */
  readonly storeAnswers: boolean;

  constructor(
    exitCode: ExitCode,
    type: string,
    message: string,
    { remedy, storeAnswers = false }: { remedy?: string; storeAnswers?: boolean } = {},
  ) {
    super(message);
    this.exitCode = exitCode;
    this.type = type;
    this.remedy = remedy;
    this.storeAnswers = storeAnswers;
  }

  /** All of it, in one line. */
  get line(): string {
    return this.remedy === undefined ? this.message : `${this.message}: ${this.remedy}`;
  }
}

/** What the plugin itself said no to: its `reason` is one of a closed list. */
export function refusal(reason: string, message: string): Failure {
  return new Failure(reason.startsWith("invalid-") ? EXIT.usage : EXIT.refused, reason, message);
}

/** Whatever was thrown, as a failure. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const message = error instanceof Error ? error.message : String(error);
  const { reason } = (error ?? {}) as { reason?: unknown };
  return typeof reason === "string" ? refusal(reason, message) : new Failure(EXIT.failed, "failed", message);
}
