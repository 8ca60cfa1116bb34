/** Names of chats and users that try to become part of the page that shows them. */

/** What each of them would call, were it run. */
export const HIT = "pageHit";

/** Each is a way to get a script run; `N` stands for the call. */
const VECTORS = [
  "<script>N</script>",
  "<img src=x onerror=N>",
  "<svg onload=N>",
  '"><script>N</script>',
  "'><img src=x onerror=N>",
  "</bdi><svg/onload=N>",
  "</script><script>N</script>",
  "<iframe srcdoc='<script>parent.N</script>'>",
  "<a href=javascript:N>x</a>",
  "<body onload=N>",
  "<input autofocus onfocus=N>",
  "<details open ontoggle=N>",
  "<video src=x onerror=N>",
  "<math><mi xlink:href=javascript:N>",
  "<style>@import 'javascript:N';</style>",
  "{{constructor.constructor('N')()}}",
  "${N}",
  "` onmouseover=N `",
  "javascript:N//",
  "data:text/html,<script>N</script>",
  "&lt;script&gt;N&lt;/script&gt;",
  "\\u003cscript\\u003eN\\u003c/script\\u003e",
  "<svg><animate onbegin=N attributeName=x>",
  "<object data=javascript:N>",
  "<marquee onstart=N>",
] as const;

/** So many payloads, each with a number of its own. */
export function payloads(count: number): string[] {
  return Array.from({ length: count }, (_, nth) => {
    const vector = VECTORS[nth % VECTORS.length]!;
    return vector.replaceAll("N", `${HIT}(${nth})`);
  });
}

/** Names that turn the direction of the text, hide in it or are far too long. */
export const AWKWARD = [
  "\u202eright to left\u202c",
  "\u2066isolated\u2067never closed",
  "null\u0000 bell\u0007 escape\u001b[31m line\nbreak\u2028",
  "e\u0301\u0301\u0301".repeat(40),
  "W".repeat(10_000),
  "word ".repeat(2_000),
] as const;
