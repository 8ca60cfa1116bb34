/** What is wrong with a changelog, by the rules of Keep a Changelog 1.1.0. */

const KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
const RELEASE = /^\[(\d+\.\d+\.\d+(?:-[\w.]+)?)\] - (\d{4}-\d{2}-\d{2})( \[YANKED\])?$/;

export function faultsOf(changelog: string, version: string): string[] {
  const [title, ...sections] = changelog.split(/^## /m);
  const faults: string[] = [];
  const fault = (text: string) => void faults.push(text);
  if (!title!.startsWith("# Changelog\n")) fault("no title");
  if (!title!.includes("https://keepachangelog.com/en/1.1.0/")) fault("its form is not named");
  const names = sections.map((section) => section.slice(0, section.indexOf("\n")));
  if (names[0] !== "[Unreleased]") fault("[Unreleased] is not first");
  const releases = names.slice(1).map((name) => ({ name, match: RELEASE.exec(name) }));
  for (const { name, match } of releases) {
    if (match === null) fault(`not a release and its date: ${name}`);
    else if (Number.isNaN(Date.parse(match[2]!))) fault(`no such day: ${name}`);
  }
  const dated = releases.flatMap(({ match }) => (match === null ? [] : [{ version: match[1]!, date: match[2]! }]));
  for (const [index, { version: newer, date }] of dated.entries()) {
    const older = dated[index + 1];
    if (older === undefined) continue;
    if (newer.localeCompare(older.version, "en", { numeric: true }) <= 0)
      fault(`${newer} comes before ${older.version}`);
    if (date < older.date) fault(`${newer} is older than ${older.version}`);
  }
  // Until its release the next version is what is unreleased.
  const isNamed = dated.some((one) => one.version === version) || sections[0]?.includes(` ${version}.`);
  if (isNamed !== true) fault(`${version} of package.json is not in it`);
  for (const [index, section] of sections.entries()) faults.push(...faultsIn(section, names[index]!));
  return faults;
}

/** Of one version: kinds of changes, each once, each with something in it. */
function faultsIn(section: string, name: string): string[] {
  const [, ...kinds] = section.split(/^### /m);
  const heads = kinds.map((kind) => kind.slice(0, kind.indexOf("\n")));
  return [
    ...heads.filter((head) => !KINDS.includes(head)).map((head) => `${name}: no kind of change: ${head}`),
    ...heads.filter((head, index) => heads.indexOf(head) !== index).map((head) => `${name}: twice: ${head}`),
    ...kinds.flatMap((kind, index) => (/^- /m.test(kind) ? [] : [`${name}: nothing in ${heads[index]}`])),
    ...(kinds.length === 0 && name !== "[Unreleased]" ? [`${name}: without changes`] : []),
  ];
}
