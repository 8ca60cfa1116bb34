import { describe, expect, it } from "vitest";
import { KnownRecords } from "../../../src/domain/known-records.ts";
import { record, row } from "../support/makers.ts";

const RAW = "Telegram:direct:7";
const STORED = "agent:a:telegram:direct:7";

describe("the record of a row", () => {
  it("is that of its name", () => {
    const [raw, stored] = [record({ sessionKey: RAW }), record({ sessionKey: STORED })];
    const rows = [row({ sessionKey: RAW }), row({ sessionKey: STORED })];
    const known = new KnownRecords([raw, stored], rows);
    expect(rows.map((one) => known.of(one))).toEqual([raw, stored]);
  });

  it("is that of another spelling of its key, when no row is spelt so any more", () => {
    const raw = record({ sessionKey: RAW });
    expect(new KnownRecords([raw], [row({ sessionKey: STORED })]).of(row({ sessionKey: STORED }))).toBe(raw);
  });

  it("is not that of the conversation's other row, nor that of another agent's", () => {
    const rows = [row({ sessionKey: RAW }), row({ sessionKey: STORED })];
    expect(new KnownRecords([record({ sessionKey: RAW })], rows).of(rows[1]!)).toBeUndefined();
    const other = record({ agentId: "b", sessionKey: RAW });
    expect(new KnownRecords([other], [rows[1]!]).of(rows[1]!)).toBeUndefined();
  });
});
