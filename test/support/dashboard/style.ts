/** The page's style sheet: Grafana's dark theme, near enough. */
import { THEME } from "./colours.ts";

const FONT = "Inter, Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";

export const STYLE = `
* { box-sizing: border-box; margin: 0; }
body { background: ${THEME.page}; color: ${THEME.text}; font: 12px/1.5 ${FONT}; font-variant-numeric: tabular-nums; }
header { height: 56px; padding: 0 16px; display: flex; align-items: center; justify-content: space-between; font-size: 18px; font-weight: 500; }
header span { font-size: 13px; font-weight: 400; color: ${THEME.faint}; border: 1px solid ${THEME.border}; border-radius: 3px; padding: 4px 10px; background: ${THEME.panel}; }
main { position: relative; margin: 0 16px; }
h2 { position: absolute; font-size: 15px; font-weight: 500; line-height: 30px; padding-left: 18px; }
h2::before { content: ""; position: absolute; left: 3px; top: 11px; width: 7px; height: 7px; border: solid ${THEME.faint}; border-width: 0 2px 2px 0; transform: rotate(45deg) scale(.85); }
section { position: absolute; background: ${THEME.panel}; border: 1px solid ${THEME.border}; border-radius: 3px; overflow: hidden; }
h3 { font-size: 13px; font-weight: 500; line-height: 32px; padding: 0 10px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.content { position: absolute; left: 8px; right: 8px; overflow: hidden; }
.empty { height: 100%; display: flex; align-items: center; justify-content: center; color: ${THEME.faint}; font-size: 14px; }
svg { display: block; }
svg text { fill: ${THEME.text}; fill-opacity: .8; font: 11px ${FONT}; }
.beside { display: flex; }
.beside .legend { flex: 1; padding-left: 10px; }
div.legend { display: flex; flex-wrap: wrap; align-content: flex-start; }
div.legend span { line-height: 22px; margin-right: 14px; white-space: nowrap; }
div.legend i { font-style: normal; color: ${THEME.faint}; margin-left: 6px; }
.beside div.legend { flex-direction: column; flex-wrap: nowrap; }
.legend b { display: inline-block; width: 14px; height: 4px; border-radius: 2px; margin: 0 7px 3px 2px; }
table { border-collapse: collapse; width: 100%; }
table.legend th { font-weight: 500; color: #6e9fff; }
table.legend th, table.legend td { line-height: 22px; padding: 0 6px; text-align: right; white-space: nowrap; }
table.legend th:first-child, table.legend td:first-child { text-align: left; padding-left: 0; width: 99%; }
table.table th { font-weight: 500; text-align: left; color: #6e9fff; border-bottom: 1px solid ${THEME.border}; }
table.table th, table.table td { padding: 4px 8px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; max-width: 420px; }
table.table td { border-bottom: 1px solid ${THEME.border}; }
table.table .number { text-align: right; }
.stats { display: flex; height: 100%; }
.stats.tall { flex-direction: column; }
.stats > div { position: relative; display: flex; flex-direction: column; align-items: center; justify-content: center; border-radius: 3px; overflow: hidden; }
.stats strong { position: relative; font-weight: 500; line-height: 1.15; white-space: nowrap; }
.stats small { position: relative; font-size: 13px; color: ${THEME.text}; white-space: nowrap; }
.stats svg { position: absolute; left: 0; bottom: 0; }
.bars div { display: flex; align-items: center; gap: 10px; padding: 3px 0; }
.bars span { flex: 0 0 32%; text-align: right; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.bars em { flex: 1; height: 100%; max-height: 22px; background: ${THEME.grid}; border-radius: 2px; overflow: hidden; }
.bars em b { display: block; height: 100%; opacity: .75; }
.bars strong { flex: 0 0 15%; font-weight: 500; font-size: 14px; white-space: nowrap; }
.markdown { font-size: 13px; }
.markdown p, .markdown ul { margin-bottom: 8px; }
.markdown ul { padding-left: 18px; }
.markdown h1, .markdown h2, .markdown h3 { position: static; padding: 0; font-size: 16px; line-height: 1.6; }
.markdown h2::before { display: none; }
.markdown code { background: ${THEME.page}; border: 1px solid ${THEME.border}; border-radius: 2px; padding: 0 4px; font-size: 12px; }
.link { color: #6e9fff; }
`;
