import type { Redis } from "ioredis";
import { expect, it } from "vitest";
import type { Fault } from "../../../src/fleet/fault.ts";
import { Wire } from "../../../src/fleet/wire.ts";

/** What a wire looks at. */
class FakeConnection {
  status = "ready";
  readonly commandQueue = { length: 0 };
  stream: { connecting: boolean; bytesRead: number } | undefined = { connecting: false, bytesRead: 0 };
  readonly wire = new Wire(this as unknown as Redis);

  /** Looks so many times; the first fault and after how many looks it came. */
  look(times: number): { fault: Fault; looks: number } | undefined {
    for (let looks = 1; looks <= times; looks += 1) {
      const fault = this.wire.look();
      if (fault !== undefined) return { fault, looks };
    }
    return undefined;
  }
}

const silent = (during: string) => ({ looks: 6, fault: { kind: "silent", during, forMs: 5_000 } });

it("one that owes no answer may be silent for ever", () => {
  expect(new FakeConnection().look(100)).toBeUndefined();
});

it("one that owes an answer is given five looks beside the first", () => {
  const connection = new FakeConnection();
  connection.commandQueue.length = 1;
  expect(connection.look(100)).toEqual(silent("talk"));
});

it("every byte that comes in gives it as long again", () => {
  const connection = new FakeConnection();
  connection.commandQueue.length = 3;
  for (let nth = 0; nth < 10; nth += 1) {
    expect(connection.look(5)).toBeUndefined();
    connection.stream!.bytesRead += 1;
  }
});

it.each([
  ["connect", undefined],
  ["connect", { connecting: true, bytesRead: 0 }],
  ["tls", { connecting: false, bytesRead: 0 }],
])("until it is there it owes an answer: %s", (during, stream) => {
  const connection = new FakeConnection();
  connection.status = "connecting";
  connection.stream = stream;
  expect(connection.look(100)).toEqual(silent(during));
});

it("each step towards it gives it as long again", () => {
  const connection = new FakeConnection();
  connection.status = "connecting";
  connection.stream = { connecting: true, bytesRead: 0 };
  expect(connection.look(5)).toBeUndefined();
  connection.stream.connecting = false;
  expect(connection.look(5)).toBeUndefined();
  connection.status = "connect";
  expect(connection.look(100)).toEqual(silent("talk"));
});
