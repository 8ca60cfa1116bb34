import { UsageError } from "./options.ts";

/** What `--only A,B` chooses of the known ids, in their order; all of them without it. Throws a UsageError on an unknown one. */
export function onlyOf<Id extends string>(only: string | undefined, known: readonly Id[]): Id[] {
  const asked = only?.split(",").map((name) => name.trim()) ?? [...known];
  const unknown = asked.find((name) => !known.some((id) => id === name));
  if (unknown !== undefined) {
    throw new UsageError(`--only ${JSON.stringify(unknown)}: expected any of ${known.join(", ")}`);
  }
  return known.filter((id) => asked.includes(id));
}
