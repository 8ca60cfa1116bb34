/**
 * The store of the incident that this plugin is for, made up again: 66 bindings of 3 agents that had piled up for days, cron
 * jobs, failed turns and lost transcripts among them.
 */
import fs from "node:fs";
import path from "node:path";

/** One binding: how long ago it began and was last active, in hours, how its last run ended, and what is there of its transcript. */
export type IncidentBinding = readonly [
  key: string,
  beganHours: number,
  idleHours: number,
  status: string,
  transcript: "ok" | "missing" | "corrupt",
];

export const INCIDENT: Readonly<Record<string, readonly IncidentBinding[]>> = {
  illarion: [
    ["agent:illarion:main", 30, 0.2, "done", "ok"],
    ["agent:illarion:telegram:direct:40382952", 72.5, 72, "done", "ok"],
    ["agent:illarion:telegram:direct:86030505", 96, 90, "killed", "ok"],
    ["agent:illarion:telegram:direct:344992899", 30.5, 24.5, "timeout", "ok"],
    ["agent:illarion:telegram:direct:476635040", 74, 72, "running", "ok"],
    ["agent:illarion:telegram:direct:274408673", 40.3, 0.3, "running", "ok"],
    ["agent:illarion:telegram:direct:854985141", 21, 20, "done", "ok"],
    ["agent:illarion:telegram:direct:488551474", 131, 125, "killed", "missing"],
    ["agent:illarion:telegram:direct:325724330", 47, 41, "done", "ok"],
    ["agent:illarion:telegram:direct:284972198", 36, 30, "done", "ok"],
    ["agent:illarion:telegram:direct:851059489", 130, 11, "running", "ok"],
    ["agent:illarion:telegram:direct:611762790", 55.5, 55, "killed", "ok"],
    ["agent:illarion:telegram:direct:112209449", 124, 118, "done", "ok"],
    ["agent:illarion:telegram:direct:809168820", 63.5, 23.5, "done", "ok"],
    ["agent:illarion:telegram:direct:541414025", 74, 72, "killed", "ok"],
    ["agent:illarion:telegram:direct:207816169", 21, 20, "done", "ok"],
    ["agent:illarion:telegram:direct:513088555", 43, 41, "done", "ok"],
    ["agent:illarion:telegram:group:-1001203344", 47, 41, "done", "ok"],
    ["agent:illarion:telegram:group:-1007120031", 25, 24.5, "timeout", "ok"],
    ["agent:illarion:telegram:group:-1009944120", 36, 30, "timeout", "ok"],
    ["agent:illarion:telegram:group:-1001203344:topic:4", 79, 9, "failed", "ok"],
    ["agent:illarion:telegram:group:-1001203344:topic:17", 32, 30, "done", "missing"],
    ["agent:illarion:cron:daily-digest:run:4f788e68", 126, 11, "done", "ok"],
    ["agent:illarion:cron:inbox-sweep:run:165a38f9", 116, 110, "failed", "ok"],
    ["agent:illarion:cron:calendar:run:674e80d6", 96, 90, "running", "ok"],
    ["agent:illarion:cron:backup-check:run:45f5eee0", 30.5, 30, "done", "ok"],
    ["agent:illarion:cron:standup:run:04694e2e", 60, 20, "done", "missing"],
    ["agent:illarion:cron:weekly-report:run:9c55957a", 131.5, 131, "running", "corrupt"],
    ["agent:illarion:subagent:1e2c0212", 61, 55, "running", "missing"],
    ["agent:illarion:subagent:59cbfc00", 41, 1, "killed", "ok"],
    ["agent:illarion:slack:channel:c04k2jq9w", 121, 2, "timeout", "ok"],
    ["agent:illarion:hook:github:reviewer", 22, 14, "running", "missing"],
  ],
  marfa: [
    ["agent:marfa:main", 52, 1.5, "done", "ok"],
    ["agent:marfa:telegram:direct:571110765", 90, 20, "done", "ok"],
    ["agent:marfa:telegram:direct:147393016", 116, 110, "timeout", "ok"],
    ["agent:marfa:telegram:direct:852106230", 133, 131, "killed", "ok"],
    ["agent:marfa:telegram:direct:778856471", 8.3, 0.3, "timeout", "ok"],
    ["agent:marfa:telegram:direct:84624726", 133, 131, "timeout", "missing"],
    ["agent:marfa:telegram:direct:777143305", 30.5, 24.5, "killed", "ok"],
    ["agent:marfa:telegram:direct:400182950", 60, 20, "done", "ok"],
    ["agent:marfa:telegram:direct:791857538", 78, 72, "done", "missing"],
    ["agent:marfa:telegram:direct:189555625", 32, 30, "done", "ok"],
    ["agent:marfa:telegram:direct:447444037", 92, 90, "done", "ok"],
    ["agent:marfa:slack:direct:u02ab3cd4", 121, 2, "timeout", "ok"],
    ["agent:marfa:slack:direct:u05xy6zw7", 84, 14, "timeout", "ok"],
    ["agent:marfa:slack:direct:u09kl8mn1", 40.3, 0.3, "done", "ok"],
    ["agent:marfa:whatsapp:direct:+491701234567", 137, 131, "done", "ok"],
    ["agent:marfa:whatsapp:direct:+12025550143", 125.5, 125, "done", "missing"],
    ["agent:marfa:cron:price-watch:run:794732d8", 110.5, 110, "done", "ok"],
    ["agent:marfa:cron:newsletter:run:9aac959c", 130, 11, "timeout", "missing"],
    ["agent:marfa:cron:heartbeat-report:run:6a3d2901", 116, 110, "done", "ok"],
    ["agent:marfa:telegram:group:-1005550001", 137, 131, "done", "ok"],
    ["agent:marfa:acp:0e7f2166", 138.5, 138, "done", "ok"],
  ],
  ops: [
    ["agent:ops:main", 100, 3, "done", "ok"],
    ["agent:ops:telegram:direct:791876519", 55.5, 55, "done", "ok"],
    ["agent:ops:telegram:direct:766863968", 96, 90, "done", "ok"],
    ["agent:ops:telegram:direct:501714641", 84, 14, "done", "ok"],
    ["agent:ops:telegram:direct:695820285", 131.5, 131, "done", "missing"],
    ["agent:ops:telegram:direct:552148326", 133, 131, "done", "ok"],
    ["agent:ops:telegram:direct:43282910", 125.5, 125, "done", "corrupt"],
    ["agent:ops:discord:channel:112233445566778899", 120, 118, "timeout", "ok"],
    ["agent:ops:discord:channel:998877665544332211", 13, 5, "timeout", "ok"],
    ["agent:ops:cron:certificates:run:5f0c11aa", 28, 20, "done", "ok"],
    ["conversation:pair:user_a::user_b:space:space_123", 55.5, 55, "killed", "corrupt"],
    ["agent:ops:conversation:pair:user_a::user_b:space:space_123", 47, 41, "done", "ok"],
    ["agent:ops:subagent:a755beb3", 24.5, 23.5, "running", "corrupt"],
  ],
};

const HOUR_MS = 3_600_000;

/** Writes the stores and transcripts, as OpenClaw 2026.6 does, into a state directory. */
export function writeIncident(stateDir: string, nowMs: number): void {
  for (const [agentId, bindings] of Object.entries(INCIDENT)) {
    const sessions = path.join(stateDir, "agents", agentId, "sessions");
    fs.mkdirSync(sessions, { recursive: true });
    const rows = bindings.map(([key, beganHours, idleHours, status, transcript], at) => {
      const sessionId = `00000000-0000-4000-8000-${agentId.length}${String(at).padStart(11, "0")}`;
      const sessionFile = path.join(sessions, `${sessionId}.jsonl`);
      const activeAt = nowMs - idleHours * HOUR_MS;
      if (transcript !== "missing")
        fs.writeFileSync(sessionFile, transcript === "ok" ? conversation(sessionId, activeAt) : "\0\0{{");
      const row = {
        sessionId,
        sessionFile,
        sessionStartedAt: nowMs - beganHours * HOUR_MS,
        lastInteractionAt: activeAt,
        // The host has set it at its last start.
        updatedAt: nowMs - 60_000,
        status,
      };
      return [key, row] as const;
    });
    fs.writeFileSync(path.join(sessions, "sessions.json"), JSON.stringify(Object.fromEntries(rows), null, 2));
  }
}

function conversation(id: string, atMs: number): string {
  const timestamp = new Date(atMs).toISOString();
  const message = (role: string, text: string) => ({
    type: "message",
    id: role,
    timestamp,
    message: { role, content: [{ type: "text", text }] },
  });
  const events = [{ type: "session", version: 3, id, timestamp }, message("user", "Hello"), message("assistant", "Hi")];
  return `${events.map((event) => JSON.stringify(event)).join("\n")}\n`;
}
