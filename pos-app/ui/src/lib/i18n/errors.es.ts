/** Why the till says no, in Chilean Spanish: money, cause, next step. */

import type { ErrorCode, Permission } from "../api/generated";
import type { Facts } from "./errors";
import { plurals } from "./plural";

const plural = plurals("es-CL");

export const permissionsEs: Record<Permission, string> = {
  open_register: "Abrir o cerrar la caja",
  sell: "Vender",
  remove_line: "Quitar una línea",
  redeem_ticket: "Entregar tickets",
  open_drawer: "Abrir el cajón",
  reprint: "Imprimir una copia",
  see_expected_cash: "Ver lo esperado",
  see_diagnostics: "Ver el diagnóstico",
  edit_product: "Cambiar un producto",
  keep_stock: "Contar o mover existencias",
};

export const errorsEs: Record<ErrorCode, (facts: Facts) => string> = {
  command_unknown: () => "Esta caja no conoce esa orden. Avise a la oficina.",
  arguments_invalid: () => "Esos datos no sirven. No se guardó nada.",
  device_not_enrolled: () => "Esta caja todavía no es de ninguna oficina. Enlácela primero.",
  device_already_enrolled: () => "Esta caja ya está enlazada.",
  enrolment_code_invalid: () => "Ese código no sirve: ya se usó, venció o está mal escrito. Pida otro.",
  server_unreachable: () => "La oficina no contesta. Revise la dirección y la red; vender sigue igual.",
  server_refused: () => "La oficina contestó que no. Avise a la oficina con el código.",
  not_logged_in: () => "Nadie ha entrado. Elija su nombre y ponga su PIN.",
  staff_unknown: () => "Esa persona ya no está en esta caja. Elija otra.",
  pin_wrong: (f) => {
    const n = f.number("tries_left");
    return plural(n, { one: `PIN incorrecto. Queda ${n} intento.`, other: `PIN incorrecto. Quedan ${n} intentos.` });
  },
  pin_locked: (f) => `PIN bloqueado hasta las ${f.time("until")}. Elija otra persona o espere.`,
  permission_denied: (f) => `${f.permission} lo hace la encargada. Pídale que entre.`,
  session_not_open: () => "Abra la caja para vender.",
  session_already_open: () => "La caja ya está abierta.",
  count_invalid: () => "Ese conteo no se puede usar: revise los billetes y monedas.",
  sale_still_open: () => "Hay una venta abierta. Termínela o vacíela antes de cerrar.",
  product_unknown: () => "Ese producto ya no está en la carta. No se agregó nada.",
  product_not_for_sale: (f) => `${f.text("product")} no está a la venta. No se agregó nada.`,
  line_unknown: () => "Esa línea ya no está en la venta.",
  quantity_invalid: () => "Esa cantidad no se puede vender.",
  sale_empty: () => "La venta está vacía. Toque un producto o pase un código.",
  sale_too_large: () => "La venta es demasiado grande. Cobre esta y siga en otra.",
  sale_unknown: () => "Esta caja no tiene esa venta.",
  tender_short: (f) => `Faltan ${f.money("missing_minor")}.`,
  tender_over_not_cash: (f) => `Solo el efectivo da vuelto. Sobran ${f.money("over_minor")} con tarjeta.`,
  amount_invalid: () => "Ese monto no se puede cobrar.",
  card_in_progress: () => "El terminal ya tiene un cobro. Espere su resultado.",
  card_uncertain: () => "No vuelva a cobrar con tarjeta. Hay un cobro en duda; cobre en efectivo.",
  card_unknown: () => "Esta caja no tiene ese cobro.",
  card_not_cancellable: () => "El terminal ya tiene el cobro. Cancele en el terminal o espere.",
  card_already_paid: () => "La venta ya tiene un pago con tarjeta: no se puede vaciar. Termínela.",
  terminal_unreachable: () => "Aún no se cobra nada. Revise el cable del terminal o use otra forma de pago.",
  terminal_not_configured: () => "No se cobró nada. Esta caja no tiene terminal de tarjetas.",
  code_unknown: (f) => `Código desconocido: ${f.text("code")}. No se agregó nada.`,
  ticket_malformed: () => "No entregue todavía. El código está dañado o mal escrito.",
  ticket_other_tenant: () => "No entregue. Este papel lo emitió otra empresa.",
  ticket_unknown_device: () => "No entregue todavía. Esta caja no conoce la máquina que lo emitió.",
  ticket_signature_invalid: () => "No entregue. Este papel no lo emitió ninguna caja del local.",
  ticket_kind_not_served: () => "Esta caja todavía no atiende ese tipo de código.",
  ticket_unknown: () => "No entregue todavía. Esta caja no conoce ese código; pase el QR.",
  ticket_delivered: (f) =>
    `No entregue. ${f.text("staff")} lo entregó a las ${f.time("redeemed_at")} en ${f.text("device")}.`,
  ticket_expired: (f) => `No entregue. Este ticket valía hasta el ${f.date("last_valid")}.`,
  ticket_other_night: (f) => `No entregue. Este ticket es de la jornada del ${f.date("business_date")}.`,
  ticket_too_many: (f) =>
    `Quedan ${f.number("owed")} por entregar y se pidieron ${f.number("asked")}. No se anotó nada.`,
  ticket_line_invalid: () => "Elija qué se entrega. No se anotó nada.",
  printer_not_configured: () => "Esta caja no tiene impresora. La venta sigue igual.",
  printer_unreachable: () => "La venta está hecha. La impresora no contesta; imprime al volver.",
  ledger_newer: () => "Los datos son de un programa más nuevo. Actualice esta caja; no se tocó nada.",
  ledger_in_use: () => "Otra ventana ya tiene esta caja abierta. Use esa.",
  ledger_corrupt: () => "El libro de esta caja está dañado. No se vende aquí; pase a otra caja y avise.",
  ledger_write_failed: () => "Esto no se guardó y no se cobró. Pase a otra caja y avise.",
  disk_full: () => "Esto no se guardó y no se cobró: el disco está lleno. Pase a otra caja y avise.",
  config_invalid: (f) => `La configuración de la caja no se puede leer, línea ${f.text("line")}. Avise a la oficina.`,
  internal: () => "Esto no se hizo. Repítalo; si vuelve a pasar, avise con el código.",
};
