import { describe, expect, it } from "vitest";

import { blind, ticket } from "../../../tests/fixtures";
import { refusal } from "../../../tests/fake";
import type { ErrorCode, Verdict } from "../../lib/api/generated";
import { es } from "../../lib/i18n/es";
import { lookOf } from "./verdict";

const of = (verdict: Verdict) =>
  lookOf({ kind: "ticket", ticket: ticket(verdict), at: 0, handed: false, gave: [] }, es);
const refused = (code: ErrorCode) => lookOf({ kind: "refused", error: refusal(code), code: "x", at: 0 }, es);

describe("a verdict", () => {
  it("is bright only when something is to be poured", () => {
    expect([of("valid"), of("partial")].map((look) => look?.flood)).toEqual(["ok", "ok"]);
    const used = [of("delivered"), of("void"), of("expired"), of("other_night")];
    expect(used.map((look) => look?.flood)).toEqual(["used", "used", "used", "used"]);
  });

  it("asks where the venue does not hand over unheard, and is bright where it does", () => {
    const unheard = (is_allowed: boolean) =>
      lookOf(
        { kind: "ticket", ticket: ticket("valid", { blind: blind({ is_allowed }) }), at: 0, handed: false, gave: [] },
        es,
      )?.flood;
    expect([unheard(true), unheard(false)]).toEqual(["ok", "review"]);
    expect([refused("ticket_in_review")?.flood, refused("ticket_unheard")?.flood]).toEqual(["review", "review"]);
  });

  it("is red for papers nobody here issued", () => {
    const codes: ErrorCode[] = ["ticket_signature_invalid", "ticket_other_tenant", "ticket_unknown_device"];
    for (const code of codes) expect(refused(code)?.flood).toBe("danger");
  });

  it("asks when the paper cannot be read or is not known here", () => {
    expect(refused("ticket_malformed")?.flood).toBe("review");
    expect(refused("ticket_unknown")?.flood).toBe("review");
  });

  it("is not given for a code that is no ticket", () => {
    expect(refused("code_unknown")).toBeNull();
  });
});
