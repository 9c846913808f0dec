//! What people do at a till: load, decide with `shared`, commit. Nothing here knows SQL, HTTP, a serial port or paper's
//! bytes. One deed at a time changes the counter; nothing on a sale's way waits for printer, network or terminal.

mod badge;
mod batch;
mod business_day;
mod caller;
mod card;
mod cash;
mod catalog;
mod concern;
mod enroll;
mod entry;
mod journal;
mod notices;
mod open_card;
mod operator;
mod paper;
mod paper_desk;
mod product;
mod queue;
mod refuse;
mod register;
mod resolve;
mod sale;
mod scan;
mod service;
mod status;
mod stock;
mod suggest;
mod sync;
mod ticket;
mod ticket_use;
mod ticket_view;
mod till;
mod verify;
mod void;
mod workers;

pub(crate) use badge::{print_badge, read_badge};
pub(crate) use batch::{close_batch, read_batch};
pub(crate) use caller::{Caller, Need};
pub(crate) use card::{ask_card, cancel_card, get_card, start_card, wait_card};
pub(crate) use cash::{add_up_cash, tender_cash};
pub(crate) use catalog::{list_catalog, search_catalog};
pub(crate) use enroll::enroll;
pub(crate) use entry::enter_manual;
pub(crate) use open_card::list_open;
pub(crate) use operator::{list_staff, log_in, log_out};
pub(crate) use paper::{open_drawer, print_reading, reprint, test_printer};
pub(crate) use paper_desk::{found, list_jobs, print_again, use_printer};
pub(crate) use product::edit_product;
pub(crate) use refuse::internal;
pub(crate) use register::{close_register, move_cash, open_register, read_register};
pub(crate) use resolve::{resolve_card, return_card};
pub(crate) use sale::{
    abandon_sale, add_product, complete_sale, current_sale, recent_sales, remove_line, repeat_last, set_quantity,
};
pub(crate) use scan::{count_next, read_camera, route_scan};
pub(crate) use service::{list_services, print_voucher, serve};
pub(crate) use status::get_status;
pub(crate) use stock::{count_stock, list_stock, receive_stock, waste_stock};
pub(crate) use sync::run_sync;
pub(crate) use ticket::check_ticket;
pub(crate) use ticket_use::{redeem_ticket, undo_redemption, void_ticket};
pub(crate) use verify::verify_ledger;
pub(crate) use void::void_card;

pub use batch::BatchDesk;
pub use business_day::business_date;
pub use journal::TillJournal;
pub use queue::TillPaper;
pub use till::{DATABASE, Outside, Till, Workers};
pub use verify::{export_directory, verify_directory};
