import { useState } from "preact/hooks";
import type { PageView } from "../operate/page-views.ts";
import { counted, visible } from "./visible.ts";

/** The settings in force; those that differ from the defaults first. */
export function SettingsInForce({ settings }: { readonly settings: PageView["settings"] }) {
  const [isOpen, setIsOpen] = useState(false);
  const different = settings.filter(({ differs }) => differs);
  const rest = settings.filter(({ differs }) => !differs);
  return (
    <section class="card" aria-labelledby="settings">
      <h2 id="settings">Settings in force</h2>
      {settings.length === 0 ? (
        <p>None: they are wrong, or the plugin is not running.</p>
      ) : (
        <p>
          {different.length === 0
            ? "All are as by default."
            : `${counted(different.length, "setting differs", "settings differ")} from the default.`}
        </p>
      )}
      {different.length > 0 && <SettingTable label="Settings that differ from the default" settings={different} />}
      {rest.length > 0 && (
        <details onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
          <summary>{counted(rest.length, "setting")} as by default</summary>
          {isOpen && <SettingTable label="Settings as by default" settings={rest} />}
        </details>
      )}
    </section>
  );
}

function SettingTable({ label, settings }: { readonly label: string; readonly settings: PageView["settings"] }) {
  return (
    <div class="scroll" role="region" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Setting</th>
            <th scope="col">In force</th>
            <th scope="col">By default</th>
          </tr>
        </thead>
        <tbody>
          {settings.map(({ path, value, byDefault, differs }) => (
            <tr key={path} data-setting={path} data-differs={differs}>
              <th scope="row" class="mono">
                {visible(path)}
              </th>
              <td class="mono">
                <bdi>{visible(value)}</bdi>
              </td>
              <td class="mono muted">
                <bdi>{visible(byDefault)}</bdi>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
