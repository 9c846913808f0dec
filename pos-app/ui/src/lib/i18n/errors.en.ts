/** Why the till says no, in English: money, cause, next step. */

import type { ErrorCode, Permission } from "../api/generated";
import type { Facts } from "./errors";
import { plurals } from "./plural";

const plural = plurals("en");

export const permissionsEn: Record<Permission, string> = {
  open_register: "Opening or closing the register",
  sell: "Selling",
  remove_line: "Removing a line",
  redeem_ticket: "Serving tickets",
  open_drawer: "Opening the drawer",
  reprint: "Printing a copy",
  see_expected_cash: "Seeing the expected cash",
  see_diagnostics: "Seeing diagnostics",
  edit_product: "Changing a product",
  keep_stock: "Counting or moving stock",
};

export const errorsEn: Record<ErrorCode, (facts: Facts) => string> = {
  command_unknown: () => "This till does not know that command. Tell the office.",
  arguments_invalid: () => "That cannot be used. Nothing was saved.",
  device_not_enrolled: () => "This till belongs to no office yet. Link it first.",
  device_already_enrolled: () => "This till is linked already.",
  enrolment_code_invalid: () => "That code is used, too old or mistyped. Ask for another.",
  server_unreachable: () => "The office does not answer. Check address and network; selling goes on.",
  server_refused: () => "The office said no. Tell the office, with the code.",
  not_logged_in: () => "Nobody is signed in. Choose your name and enter your PIN.",
  staff_unknown: () => "That person is no longer on this till. Choose another.",
  pin_wrong: (f) => {
    const n = f.number("tries_left");
    return plural(n, { one: `Wrong PIN. ${n} try left.`, other: `Wrong PIN. ${n} tries left.` });
  },
  pin_locked: (f) => `PIN locked until ${f.time("until")}. Choose another person or wait.`,
  permission_denied: (f) => `${f.permission} needs the manager. Ask them to sign in.`,
  session_not_open: () => "Open the register to sell.",
  session_already_open: () => "The register is open already.",
  count_invalid: () => "That count cannot be used: check notes and coins.",
  sale_still_open: () => "A sale is still open. Finish it or clear it before closing.",
  product_unknown: () => "That product is no longer listed. Nothing was added.",
  product_not_for_sale: (f) => `${f.text("product")} is not for sale. Nothing was added.`,
  line_unknown: () => "That line is no longer on the sale.",
  quantity_invalid: () => "That quantity cannot be sold.",
  sale_empty: () => "The sale is empty. Touch a product or scan a code.",
  sale_too_large: () => "The sale is too large. Take payment and go on in another.",
  sale_unknown: () => "This till does not have that sale.",
  tender_short: (f) => `${f.money("missing_minor")} still to pay.`,
  tender_over_not_cash: (f) => `Only cash gives change. The card is over by ${f.money("over_minor")}.`,
  amount_invalid: () => "That amount cannot be taken.",
  card_in_progress: () => "The terminal already has a payment. Wait for its result.",
  card_uncertain: () => "Do not charge a card again. A payment is in doubt; take cash.",
  card_unknown: () => "This till does not have that payment.",
  card_not_cancellable: () => "The terminal already has the payment. Cancel there, or wait.",
  card_already_paid: () => "The sale holds a card payment and cannot be cleared. Finish it.",
  terminal_unreachable: () => "Nothing is charged yet. Check the terminal cable or use another tender.",
  terminal_not_configured: () => "Nothing was charged. This till has no card terminal.",
  code_unknown: (f) => `Unknown code: ${f.text("code")}. Nothing was added.`,
  ticket_malformed: () => "Do not serve yet. The code is damaged or mistyped.",
  ticket_other_tenant: () => "Do not serve. Another company issued this paper.",
  ticket_unknown_device: () => "Do not serve yet. This till does not know the machine that issued it.",
  ticket_signature_invalid: () => "Do not serve. No till of this venue issued this paper.",
  ticket_kind_not_served: () => "This till does not serve that kind of code yet.",
  ticket_unknown: () => "Do not serve yet. This till does not know that code; scan the QR.",
  ticket_delivered: (f) =>
    `Do not serve. ${f.text("staff")} served it at ${f.time("redeemed_at")} in ${f.text("device")}.`,
  ticket_expired: (f) => `Do not serve. This ticket was good until ${f.date("last_valid")}.`,
  ticket_other_night: (f) => `Do not serve. This ticket belongs to the night of ${f.date("business_date")}.`,
  ticket_too_many: (f) => `${f.number("owed")} left to serve, ${f.number("asked")} asked for. Nothing was noted.`,
  ticket_line_invalid: () => "Choose what is served. Nothing was noted.",
  printer_not_configured: () => "This till has no printer. The sale goes on.",
  printer_unreachable: () => "The sale is done. The printer does not answer; it prints when it is back.",
  ledger_newer: () => "The data is from a newer program. Update this till; nothing was touched.",
  ledger_in_use: () => "Another window already has this till open. Use that one.",
  ledger_corrupt: () => "This till's ledger is damaged. Do not sell here; use another till and report it.",
  ledger_write_failed: () => "This was not saved and not charged. Use another till and report it.",
  disk_full: () => "This was not saved and not charged: the disk is full. Use another till and report it.",
  config_invalid: (f) => `The till's configuration cannot be read, line ${f.text("line")}. Tell the office.`,
  internal: () => "This was not done. Do it again; if it repeats, report the code.",
};
