//! Roles are bundles of permissions. The same table answers at the till and at the server, so the two cannot drift.

use serde::{Deserialize, Serialize};

/// What a person is at the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sells at a register.
    Cashier,
    /// Pours at a bar: redeems tickets.
    Bartender,
    /// Runs the night on the floor.
    Supervisor,
    /// Runs the venue.
    Manager,
    /// Head office.
    Admin,
    /// Looks, changes nothing.
    Auditor,
}

/// What can be allowed or refused at a till.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Open and close one's own register session.
    OpenRegister,
    /// Sell and take payment.
    Sell,
    /// Take a line off before payment.
    RemoveLine,
    /// Scan and deliver a ticket.
    RedeemTicket,
    /// Open the drawer without a sale.
    OpenDrawer,
    /// Put cash in, pay it out, take it to the safe.
    MoveCash,
    /// Print a document again.
    Reprint,
    /// See what the drawer should hold before counting it.
    SeeExpectedCash,
    /// Look at the till's health and run its tests.
    SeeDiagnostics,
    /// Change a product's name, price or tags, and whether it is for sale.
    EditProduct,
    /// Count stock, take in deliveries, write off what broke.
    KeepStock,
    /// Say how a card payment in doubt ended, and give back what a card paid beside a sale.
    SettleCard,
    /// Have the terminal give an approved payment back.
    VoidCard,
    /// Read and close the terminal's batch.
    CloseBatch,
    /// Take back what somebody handed over, at any time.
    UndoRedemption,
    /// Withdraw a ticket.
    VoidTicket,
    /// Print somebody's badge.
    PrintBadge,
}

/// The answer to "may this person?".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Yes.
    Allowed,
    /// With a manager's approval.
    NeedsApproval,
    /// No.
    Denied,
}

/// Whether any of these roles may do it; the best answer of all roles counts.
pub fn decide(roles: &[Role], permission: Permission) -> Decision {
    let mut best = Decision::Denied;
    for role in roles {
        match decide_role(*role, permission) {
            Decision::Allowed => return Decision::Allowed,
            Decision::NeedsApproval => best = Decision::NeedsApproval,
            Decision::Denied => {}
        }
    }
    best
}

fn decide_role(role: Role, permission: Permission) -> Decision {
    use Decision::{Allowed, Denied, NeedsApproval};
    use Permission as May;
    match (role, permission) {
        (Role::Supervisor | Role::Manager | Role::Admin, May::SeeDiagnostics | May::KeepStock)
        | (Role::Manager | Role::Admin, May::EditProduct | May::PrintBadge)
        | (Role::Manager | Role::Admin | Role::Auditor, May::SeeExpectedCash)
        | (Role::Manager, May::SettleCard)
        | (
            Role::Supervisor | Role::Manager,
            May::OpenRegister
            | May::Sell
            | May::RemoveLine
            | May::RedeemTicket
            | May::OpenDrawer
            | May::MoveCash
            | May::Reprint
            | May::VoidCard
            | May::CloseBatch
            | May::UndoRedemption
            | May::VoidTicket,
        )
        | (Role::Cashier, May::OpenRegister | May::Sell | May::RemoveLine | May::SeeDiagnostics)
        | (Role::Bartender, May::RedeemTicket | May::SeeDiagnostics)
        | (Role::Admin, May::Reprint) => Allowed,
        (
            Role::Cashier,
            May::OpenDrawer
            | May::MoveCash
            | May::Reprint
            | May::RedeemTicket
            | May::SettleCard
            | May::VoidCard
            | May::CloseBatch
            | May::VoidTicket,
        )
        | (Role::Bartender, May::Sell | May::RemoveLine | May::OpenDrawer | May::UndoRedemption)
        | (Role::Cashier | Role::Bartender, May::KeepStock)
        | (Role::Supervisor, May::EditProduct | May::SettleCard | May::PrintBadge) => NeedsApproval,
        // Selling is not head office's duty, and an auditor only looks.
        (
            Role::Admin,
            May::OpenRegister
            | May::Sell
            | May::RemoveLine
            | May::RedeemTicket
            | May::OpenDrawer
            | May::MoveCash
            | May::UndoRedemption
            | May::VoidTicket,
        )
        | (Role::Admin | Role::Bartender | Role::Auditor, May::SettleCard | May::VoidCard | May::CloseBatch)
        | (
            Role::Auditor,
            May::OpenRegister
            | May::Sell
            | May::RemoveLine
            | May::RedeemTicket
            | May::OpenDrawer
            | May::MoveCash
            | May::Reprint
            | May::SeeDiagnostics
            | May::EditProduct
            | May::KeepStock
            | May::UndoRedemption
            | May::VoidTicket
            | May::PrintBadge,
        )
        | (Role::Cashier | Role::Bartender, May::EditProduct | May::PrintBadge)
        | (Role::Cashier, May::UndoRedemption)
        | (Role::Cashier | Role::Supervisor, May::SeeExpectedCash)
        | (
            Role::Bartender,
            May::OpenRegister | May::MoveCash | May::Reprint | May::SeeExpectedCash | May::VoidTicket,
        ) => Denied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_of_several_roles_counts() {
        assert_eq!(decide(&[Role::Bartender, Role::Cashier], Permission::Sell), Decision::Allowed);
        assert_eq!(decide(&[Role::Bartender], Permission::Sell), Decision::NeedsApproval);
        assert_eq!(decide(&[], Permission::Sell), Decision::Denied);
    }

    #[test]
    fn a_cashier_does_not_see_the_expected_cash() {
        assert_eq!(decide(&[Role::Cashier], Permission::SeeExpectedCash), Decision::Denied);
        assert_eq!(decide(&[Role::Manager], Permission::SeeExpectedCash), Decision::Allowed);
    }
}
