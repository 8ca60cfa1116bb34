import { expect, it } from "vitest";
import { resumePrompt } from "../../../src/domain/prompt.ts";

it("tells of the restart, asks for the current state and forbids blind repetition", () => {
  const prompt = resumePrompt("unanswered", true);
  expect(prompt).toContain("interrupted by a gateway restart");
  expect(prompt).toContain("Check the current state first");
  expect(prompt).toContain("Repeat no action whose result is unknown");
});

it("says that there are no tools, and to ask, only when the tail is unsafe and the tools are off", () => {
  const notice = "You have no tools in this turn";
  expect(resumePrompt("unsafe", false)).toContain(notice);
  expect(resumePrompt("unsafe", false)).toContain("ask before going on");
  expect(resumePrompt("unsafe", true)).not.toContain(notice);
  expect(resumePrompt("unanswered", true)).not.toContain(notice);
});
