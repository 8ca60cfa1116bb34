/** The live line of a long script, on stderr: a spinner with the time elapsed on a terminal, plain lines elsewhere. */
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 100;

export class Progress {
  readonly #out = process.stderr;
  readonly #startedAtMs = performance.now();
  #text = "";
  #frame = 0;
  #timer: NodeJS.Timeout | undefined;

  /** What happens from now on. */
  step(text: string): void {
    if (text === this.#text) return;
    this.#text = text;
    if (!this.#out.isTTY) {
      this.#out.write(`[${this.#elapsed()}] ${text}\n`);
      return;
    }
    this.#timer ??= setInterval(() => this.#draw(), FRAME_MS).unref();
    this.#draw();
  }

  /** Takes the line away: something else is printed next. */
  clear(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#text = "";
    if (this.#out.isTTY) this.#out.write("\r\u001B[K");
  }

  #draw(): void {
    this.#frame = (this.#frame + 1) % FRAMES.length;
    const line = `${FRAMES[this.#frame]} ${this.#elapsed()}  ${this.#text}`;
    this.#out.write(`\r\u001B[K${line.slice(0, (this.#out.columns || 80) - 1)}`);
  }

  #elapsed(): string {
    return `${((performance.now() - this.#startedAtMs) / 1000).toFixed(0).padStart(3)} s`;
  }
}
