/** What somebody at this till should know or do, in words; the core says what there is. Weather, never an alarm. */

import type { TillStatus } from "./api/generated";
import type { Words } from "./i18n/index.svelte";

/** One thing, money first. */
export interface Notice {
  key: string;
  /** For the status bar: two or three words. */
  short: string;
  title: string;
  about: string;
  /** About one card payment. */
  is_card?: boolean;
  /** The payment in doubt it is about, which can be asked about again. */
  doubt?: number;
}

/** What the customers are owed first, then doubts, then the till's own. */
export function noticesOf(
  status: TillStatus,
  t: Words,
  say: (minor: number) => string,
  number: (n: number) => string,
): Notice[] {
  const twice = status.paid_twice.map(({ payment, receipt_no }) => {
    const card = payment.state === "approved" ? payment.approval : null;
    return {
      key: `twice/${payment.payment_id}`,
      is_card: true,
      short: t.notices.twice_short,
      title: t.notices.twice(say(payment.amount_minor)),
      about:
        receipt_no === null
          ? t.notices.twice_given_up(card?.last4 ?? "", card?.authorisation_code ?? "")
          : t.notices.twice_about(receipt_no, card?.last4 ?? "", card?.authorisation_code ?? ""),
    };
  });
  const doubts = status.uncertain_payments.map(({ payment }, doubt) => ({
    key: `doubt/${payment.payment_id}`,
    is_card: true,
    short: t.notices.doubt_short,
    title: t.notices.doubt(say(payment.amount_minor)),
    about: t.notices.doubt_about(payment.ticket_no),
    doubt,
  }));
  const concerns = status.concerns.map(({ code, events, minutes }) => ({
    key: code,
    ...t.notices.concerns[code](number(events), minutes),
  }));
  return [...twice, ...doubts, ...concerns];
}
