// Generated from the server's OpenAPI document by `npm run types`. Do not edit: a test compares it.

export interface paths {
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process lives. Asks nothing of anything else. */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Counters for Prometheus. From this machine, or signed in. */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This document. */
        get: operations["openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The databases answer. */
        get: operations["ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/bell": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Events named `board` whenever something changed; server-sent, kept alive every 20 seconds. */
        get: operations["bell"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/board": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The night on one page: totals, tills as far as they were heard, the newest sales, what to look at. */
        get: operations["board"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/card-payments/open": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Card payments in doubt, contradicted, or approved although no sale counts them, oldest first. They are settled at their
         *     till.
         */
        get: operations["list_open_cards"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/categories": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Categories, oldest first. */
        get: operations["list_categories"];
        put?: never;
        /** Adds a category. */
        post: operations["add_category"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/categories/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Changes a category. */
        put: operations["change_category"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/day-totals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a night came to. */
        get: operations["day_totals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/flags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What asks for somebody, or what was settled last. */
        get: operations["list_flags"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/flags/{id}/settlement": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Marks a flag as dealt with, with a note. Said again, by whomever, the first word stands and is answered. */
        put: operations["settle_flag"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/incidents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What went wrong with tickets, newest first. Told from the events: the same whichever till was heard first, and gone when
         *     the hand-over too many is taken back.
         */
        get: operations["list_incidents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/incidents/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One incident. */
        get: operations["find_incident"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/products": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Products, oldest first. */
        get: operations["list_products"];
        put?: never;
        /** Adds a product, with the next short number. */
        post: operations["add_product"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/products/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Changes a product. Its number stays. */
        put: operations["change_product"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/registers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Registers, oldest first. */
        get: operations["list_registers"];
        put?: never;
        /** Adds a register. */
        post: operations["add_register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/registers/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Changes a register. Its venue stays. */
        put: operations["change_register"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/sales": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sales, newest first. */
        get: operations["list_sales"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/sales/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One sale with everything. */
        get: operations["find_sale"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/session": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who is signed in. */
        get: operations["who_am_i"];
        put?: never;
        /** Signs in. Unknown names and wrong passwords get the same answer; five in a row lock the name for 15 minutes. */
        post: operations["sign_in"];
        /** Signs out, at once. */
        delete: operations["sign_out"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/staff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** People, oldest first. */
        get: operations["list_staff"];
        put?: never;
        /** Adds a person; `pin` is required. */
        post: operations["add_staff"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/staff/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Changes a person; without `pin` theirs stays. */
        put: operations["change_staff"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/stock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How much there is of everything that was ever counted. */
        get: operations["list_stock"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/superseded-edits": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Values written at tills that did not stand, newest first. */
        get: operations["list_superseded_edits"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/tills": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All tills, by number. */
        get: operations["list_tills"];
        put?: never;
        /** Adds a till at a register and mints its code. */
        post: operations["add_till"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/tills/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Renames a till. */
        put: operations["change_till"];
        post?: never;
        /** Withdraws a till, for good: its next request is refused, and no till believes its tickets once it has heard. */
        delete: operations["revoke_till"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/tills/{id}/certificate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a till whose certificate is over speak again. With its next hello it gets a new one. */
        post: operations["renew_certificate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/tills/{id}/enrolment-code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Mints a fresh code for a till that has not enrolled; the one before is dead. */
        post: operations["mint_code"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/venues": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Venues, oldest first. */
        get: operations["list_venues"];
        put?: never;
        /** Adds a venue. */
        post: operations["add_venue"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/venues/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Changes a venue. Its currency stays. */
        put: operations["change_venue"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/bell": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Rings when a stream of this till moved: server-sent events, or one answer with `wait`. One bell per till; a new one
         *     ends the one before. Signed by the device.
         */
        get: operations["till_bell"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chains/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The device's own events after a number, for a till restored from a backup. Signed by the device. */
        get: operations["own_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/enroll": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a machine one of the company's, by a one-time code. */
        post: operations["enroll_device"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/hello": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What each side holds. Signed by the device; also renews its certificate when half of its life is over. */
        post: operations["say_hello"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/pull": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The items of a stream after a cursor. Signed by the device. */
        get: operations["pull_stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/push": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes in events, oldest first. Signed by the device; JSON under zstd. */
        post: operations["push_events"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/redeem": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Asks whether a ticket may be handed over. Decided once, by the redemption's id: the same question gets the same answer, also
         *     when it was no. Signed by the device.
         */
        post: operations["redeem_ticket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a stream's snapshot consists of, signed by the company's key. Signed by the device. */
        get: operations["manifest"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/snapshot/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One part, by its name: zstd over lines of JSON. Never changes. Signed by the device. */
        get: operations["part"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * @description What someone at head office may do.
         * @enum {string}
         */
        AdminRole: "auditor" | "manager" | "admin";
        /** @description The night on one page. */
        Board: {
            business_date: string;
            /** @description Quarters without a sale are left out. */
            by_quarter_hour: components["schemas"]["QuarterHour"][];
            by_tender: components["schemas"]["TenderTotal"][];
            currency: components["schemas"]["Currency"];
            /** @description What nobody settled yet, newest first. */
            flags: components["schemas"]["FlagOut"][];
            may_lack: components["schemas"]["MayLack"] | null;
            /** Format: int64 */
            now: number;
            recent_sales: components["schemas"]["SaleOut"][];
            tills: components["schemas"]["BoardTill"][];
            totals: components["schemas"]["DayTotals"];
            venue: components["schemas"]["VenueOut"] | null;
            /** @description All there are, by name. */
            venues: components["schemas"]["BoardVenue"][];
            /** @description Tills that were not heard of since the database was restored from a backup; empty when it was not, or all were. */
            waits_for: string[];
        };
        /** @description The session a till has open. */
        BoardSession: {
            business_date: string;
            /** Format: int64 */
            opened_at: number;
            operator: string | null;
        };
        /** @description A till, as far as it was heard. */
        BoardTill: {
            device_id: string;
            /** Format: int32 */
            device_no: number;
            /** Format: int64 */
            last_contact: number | null;
            may_lack: components["schemas"]["MayLack"] | null;
            name: string;
            register_code: string | null;
            register_name: string | null;
            /** Format: int64 */
            sales: number;
            session: components["schemas"]["BoardSession"] | null;
            state: components["schemas"]["TillState"];
            /** Format: int64 */
            total_minor: number;
            /** Format: int64 */
            unsent_events: number;
        };
        /** @description A venue to choose. */
        BoardVenue: {
            name: string;
            venue_id: string;
        };
        /** @description The terminal's word for a payment. */
        CardApproval: {
            authorisation_code: string;
            brand: string;
            card_type: string;
            last4: string;
            operation_no: string;
        };
        /** @description A category as it should be. */
        CategoryIn: {
            is_active: boolean;
            name: string;
            /** Format: int32 */
            position: number;
            /**
             * Format: int32
             * @description 1 to 8.
             */
            tint: number;
        };
        /** @description A group of products. */
        CategoryOut: {
            category_id: string;
            is_active: boolean;
            name: string;
            /** Format: int32 */
            position: number;
            /**
             * Format: int32
             * @description Which of the eight tints.
             */
            tint: number;
        };
        /**
         * @description ISO 4217.
         * @enum {string}
         */
        Currency: "CLP" | "COP" | "CZK" | "EUR" | "ILS";
        /** @description What a night came to. */
        DayTotals: {
            /**
             * Format: int64
             * @description Taken by card, minor units.
             */
            card_minor: number;
            /**
             * Format: int64
             * @description Kept in cash, minor units.
             */
            cash_minor: number;
            /**
             * Format: int64
             * @description Cash taken from them to the safe, minor units.
             */
            dropped_minor: number;
            /**
             * Format: int64
             * @description Cash put into drawers beside the sales, minor units.
             */
            paid_in_minor: number;
            /**
             * Format: int64
             * @description Cash paid out of them, minor units.
             */
            paid_out_minor: number;
            /**
             * Format: int64
             * @description Legal rounding of cash, minor units.
             */
            rounding_minor: number;
            /**
             * Format: int64
             * @description How many sales.
             */
            sales: number;
            /**
             * Format: int64
             * @description The tax inside, minor units.
             */
            tax_minor: number;
            /**
             * Format: int64
             * @description Before any rounding of cash, minor units.
             */
            total_minor: number;
        };
        /** @description A business date added up. */
        DayTotalsOut: {
            business_date: string;
            by_tender: components["schemas"]["TenderTotal"][];
            totals: components["schemas"]["DayTotals"];
        };
        /** @description Who did something, where and when. */
        DeedOut: {
            /**
             * Format: int64
             * @description By the till's clock.
             */
            at: number;
            /** @description The till. */
            device_id: string;
            /** @description As people call it. */
            device_name: string;
            /** @description The bar: the register it stands at. */
            register_name: string | null;
            /** @description Null when head office does not know them. */
            staff: string | null;
        };
        /** @description Flags. */
        FlagList: {
            items: components["schemas"]["FlagOut"][];
        };
        /** @description Something to look at, or that was looked at. */
        FlagOut: {
            /** Format: int64 */
            at: number;
            /** @description The event it is of: its chain, and its number there. */
            chain: string;
            code: string;
            device_name: string;
            /** @description Names it in a path. */
            flag_id: string;
            /** Format: int64 */
            seq: number;
            settlement: components["schemas"]["SettlementOut"] | null;
        };
        /** @description So many of a product. */
        GivenOut: {
            /** @description As sold; as in the catalogue while the sale is not known here; null when neither tells. */
            name: string | null;
            /**
             * Format: int32
             * @description Null of a line the ticket does not have.
             */
            product_number: number | null;
            /**
             * Format: int32
             * @description Pieces.
             */
            quantity: number;
            /**
             * Format: int64
             * @description What one is worth: the price it was sold at, tax included, minor units. What it cost the house is not kept anywhere.
             *     While the sale is not known here, the price in the catalogue; null when there is none.
             */
            unit_price_minor: number | null;
        };
        /** @description So much of a ticket's line. */
        HandOverLineOut: {
            /**
             * Format: int32
             * @description Place on the ticket, from 1.
             */
            line_no: number;
            /** @description The product; null when not known. */
            name: string | null;
            /**
             * Format: int32
             * @description Pieces.
             */
            quantity: number;
            /**
             * Format: int32
             * @description How many of them should not have been given.
             */
            wrong: number;
        };
        /** @description A hand-over. */
        HandOverOut: {
            /** @description By whom. */
            by: components["schemas"]["DeedOut"];
            /** @description The server had said yes; otherwise the till was alone. */
            is_promised: boolean;
            /** @description What was handed over. */
            lines: components["schemas"]["HandOverLineOut"][];
            /** @description Its id. */
            redemption_id: string;
        };
        /** @description Something that went wrong with a ticket. */
        IncidentOut: {
            /**
             * Format: int64
             * @description By the till's clock: the last hand-over it is about, the withdrawal, or the last showing.
             */
            at: number;
            /**
             * Format: int64
             * @description What that comes to, minor units: pieces times `unit_price_minor`, where that is known.
             */
            cost_minor: number;
            /** @description As people read it out; null when its till is not known here. */
            display_code: string | null;
            /** @description What was given that should not have been, product by product; nothing of a ticket that was only shown. */
            given: components["schemas"]["GivenOut"][];
            /** @description Every hand-over nobody took back, oldest first, also those that were right. */
            hand_overs: components["schemas"]["HandOverOut"][];
            /** @description Names it in a path. */
            incident_id: string;
            /**
             * @description `double`: more was handed over than was sold. `redeemed_void`: handed over after it was withdrawn.
             *     `void_after_delivery`: withdrawn after all of it was handed over. `shown_again`: a used ticket was shown again and
             *     again, a note of fraud.
             */
            kind: string;
            /** @description The sale that gave it out; null while that is not known here. */
            sale_id: string | null;
            /** @description Where it was shown again and again, oldest first. */
            shown: components["schemas"]["ShownOut"][];
            /** @description Fourteen hexadecimal digits. */
            ticket_id: string;
            voided: components["schemas"]["VoidOut"] | null;
        };
        /** @description A part of a list. */
        ListOut_CategoryOut: {
            /** @description The part. */
            items: {
                category_id: string;
                is_active: boolean;
                name: string;
                /** Format: int32 */
                position: number;
                /**
                 * Format: int32
                 * @description Which of the eight tints.
                 */
                tint: number;
            }[];
            /** @description Ask for the next part with it; null when there is none. */
            next: string | null;
        };
        /** @description A part of a list. */
        ListOut_IncidentOut: {
            /** @description The part. */
            items: {
                /**
                 * Format: int64
                 * @description By the till's clock: the last hand-over it is about, the withdrawal, or the last showing.
                 */
                at: number;
                /**
                 * Format: int64
                 * @description What that comes to, minor units: pieces times `unit_price_minor`, where that is known.
                 */
                cost_minor: number;
                /** @description As people read it out; null when its till is not known here. */
                display_code: string | null;
                /** @description What was given that should not have been, product by product; nothing of a ticket that was only shown. */
                given: components["schemas"]["GivenOut"][];
                /** @description Every hand-over nobody took back, oldest first, also those that were right. */
                hand_overs: components["schemas"]["HandOverOut"][];
                /** @description Names it in a path. */
                incident_id: string;
                /**
                 * @description `double`: more was handed over than was sold. `redeemed_void`: handed over after it was withdrawn.
                 *     `void_after_delivery`: withdrawn after all of it was handed over. `shown_again`: a used ticket was shown again and
                 *     again, a note of fraud.
                 */
                kind: string;
                /** @description The sale that gave it out; null while that is not known here. */
                sale_id: string | null;
                /** @description Where it was shown again and again, oldest first. */
                shown: components["schemas"]["ShownOut"][];
                /** @description Fourteen hexadecimal digits. */
                ticket_id: string;
                voided: components["schemas"]["VoidOut"] | null;
            }[];
            /** @description Ask for the next part with it; null when there is none. */
            next: string | null;
        };
        /** @description A part of a list. */
        ListOut_ProductOut: {
            /** @description The part. */
            items: {
                /** @description Fourteen digits each. */
                barcodes: string[];
                category_id: string;
                is_active: boolean;
                is_ticketed: boolean;
                name: string;
                /**
                 * Format: int32
                 * @description Short number; what a QR ticket carries.
                 */
                number: number;
                /** Format: int32 */
                position: number;
                /**
                 * Format: int64
                 * @description With tax, minor units.
                 */
                price_minor: number;
                product_id: string;
                sku: string;
                /** @description Put on and taken off at tills. */
                tags: string[];
                /**
                 * Format: int32
                 * @description The tax inside, basis points.
                 */
                tax_rate_bp: number;
            }[];
            /** @description Ask for the next part with it; null when there is none. */
            next: string | null;
        };
        /** @description A part of a list. */
        ListOut_RegisterOut: {
            /** @description The part. */
            items: {
                /** @description Three letters that begin its tickets' codes. */
                code: string;
                name: string;
                register_id: string;
                venue_id: string;
            }[];
            /** @description Ask for the next part with it; null when there is none. */
            next: string | null;
        };
        /** @description A part of a list. */
        ListOut_SaleOut: {
            /** @description The part. */
            items: {
                /** @description `2026-11-21`. */
                business_date: string;
                /** Format: int64 */
                completed_at: number;
                currency: components["schemas"]["Currency"];
                device_id: string;
                device_name: string | null;
                /** @description `2 × Piscola, 1 × Agua`. */
                lines: string;
                operator: string | null;
                /** Format: int64 */
                receipt_no: number;
                /** @description Null when not known here, as are the next two. */
                register_code: string | null;
                sale_id: string;
                /** Format: int64 */
                tax_minor: number;
                /** @description `cash`, `card`, each once. */
                tenders: string[];
                /** Format: int64 */
                total_minor: number;
            }[];
            /** @description Ask for the next part with it; null when there is none. */
            next: string | null;
        };
        /** @description A part of a list. */
        ListOut_StaffOut: {
            /** @description The part. */
            items: {
                is_active: boolean;
                name: string;
                /** @description `cashier`, `bartender`, `supervisor`, `manager`, `admin`, `auditor`. */
                roles: string[];
                staff_id: string;
            }[];
            /** @description Ask for the next part with it; null when there is none. */
            next: string | null;
        };
        /** @description A part of a list. */
        ListOut_TillOut: {
            /** @description The part. */
            items: {
                /** @description What machine it said it is. */
                description: string;
                device_id: string;
                /**
                 * Format: int32
                 * @description Printed in its tickets.
                 */
                device_no: number;
                /** Format: int64 */
                enrolled_at: number | null;
                /** Format: int64 */
                last_contact: number | null;
                name: string;
                register_id: string;
                state: components["schemas"]["TillState"];
                /** Format: int64 */
                unsent_events: number;
                venue_id: string;
            }[];
            /** @description Ask for the next part with it; null when there is none. */
            next: string | null;
        };
        /** @description A part of a list. */
        ListOut_VenueOut: {
            /** @description The part. */
            items: {
                address: string;
                /** @description `{"unit_minor":10,"tie":"down","keeps_nonzero":false}`. */
                cash_rounding: unknown;
                /** @description ISO 4217. */
                currency: components["schemas"]["Currency"];
                /** Format: int32 */
                cut_over_minutes: number;
                name: string;
                /** @description What its receipts say besides. */
                paper: components["schemas"]["PaperLines"];
                /** @description What a bar may hand over unheard. */
                redemption_policy: unknown;
                tax_id: string;
                /** Format: int32 */
                ticket_valid_days: number;
                /** @description IANA name. */
                time_zone: string;
                venue_id: string;
            }[];
            /** @description Ask for the next part with it; null when there is none. */
            next: string | null;
        };
        /** @description Between what and what a till may have sold unheard, minor units. */
        MayLack: {
            /**
             * Format: int64
             * @description At the pace of its slowest quarter of an hour.
             */
            least_minor: number;
            /**
             * Format: int64
             * @description At the pace of its fastest.
             */
            most_minor: number;
        };
        /** @description Payments that a person should look at. */
        OpenCardList: {
            items: components["schemas"]["OpenCardOut"][];
        };
        /** @description A payment that a person should look at. */
        OpenCardOut: {
            /**
             * Format: int64
             * @description Milliseconds since then.
             */
            age_ms: number;
            /** Format: int64 */
            amount_minor: number;
            /** Format: int64 */
            asked_at: number;
            /** @description Who was signed in when the terminal was asked, if head office knows them. */
            asked_by: string | null;
            /** @description The bank's code, of what was approved. */
            authorisation_code: string | null;
            /** @description What was said that denies how it stands: `approved`, `declined`, … */
            denied_by: string | null;
            device_id: string;
            device_name: string;
            /** @description A person said how it ended. */
            is_manual: boolean;
            /** @description Its sale was finished without it: the customer paid another way as well. */
            is_sale_finished: boolean;
            /** @description The card's last four digits, of what was approved. */
            last4: string | null;
            /** @description And why. */
            note: string | null;
            payment_id: string;
            /** @description `in_doubt`, `void_in_doubt`, `contradicted` or `not_counted`. */
            reason: string;
            sale_id: string;
            /** @description How it stands: `uncertain`, `voiding`, `approved`, `declined`, … */
            says: string;
            /**
             * Format: int64
             * @description When.
             */
            settled_at: number | null;
            /** @description Who. */
            settled_by: string | null;
            terminal: string;
            /** @description What the terminal knows it by. */
            ticket_no: string;
            /** @description What would settle it, at the till: `ask_terminal`, `resolve`, `void`, `return`. */
            ways: string[];
        };
        /** @description Lines that a venue's receipts say besides, each in the middle. */
        PaperLines: {
            /**
             * @description At the foot; as many.
             * @default []
             */
            footer: string[];
            /**
             * @description Under the address; at most six, of 96 characters each.
             * @default []
             */
            header: string[];
        };
        /** @description A payment of a sale. */
        PaymentOut: {
            /** Format: int64 */
            amount_minor: number;
            approval: components["schemas"]["CardApproval"] | null;
            /** @description A person entered it or settled it by the terminal's paper: no terminal vouches for it. */
            is_manual: boolean;
            /** @description `cash` or `card`. */
            tender: string;
            /**
             * Format: int64
             * @description What was handed over; null for cards.
             */
            tendered_minor: number | null;
        };
        /** @description Every refusal: RFC 9457 in shape. */
        Problem: {
            /** @description For programs; a closed set. */
            code: string;
            /**
             * Format: int64
             * @description The server's clock, milliseconds since 1970.
             */
            server_time: number;
            /**
             * Format: int32
             * @description HTTP status.
             */
            status: number;
            /** @description For people. */
            title: string;
        };
        /** @description A product as it should be. */
        ProductIn: {
            /** @description EAN-8, UPC-A, EAN-13 or GTIN-14, with a right check digit. */
            barcodes: string[];
            category_id: string;
            is_active: boolean;
            /** @description Sold as a ticket a bar redeems. */
            is_ticketed: boolean;
            name: string;
            /** Format: int32 */
            position: number;
            /**
             * Format: int64
             * @description With tax, minor units; not negative.
             */
            price_minor: number;
            /** @description Our own code, unique. */
            sku: string;
            /**
             * Format: int32
             * @description The tax inside, basis points: 1900 is 19 %.
             */
            tax_rate_bp: number;
        };
        /** @description What is listed and sold. */
        ProductOut: {
            /** @description Fourteen digits each. */
            barcodes: string[];
            category_id: string;
            is_active: boolean;
            is_ticketed: boolean;
            name: string;
            /**
             * Format: int32
             * @description Short number; what a QR ticket carries.
             */
            number: number;
            /** Format: int32 */
            position: number;
            /**
             * Format: int64
             * @description With tax, minor units.
             */
            price_minor: number;
            product_id: string;
            sku: string;
            /** @description Put on and taken off at tills. */
            tags: string[];
            /**
             * Format: int32
             * @description The tax inside, basis points.
             */
            tax_rate_bp: number;
        };
        /** @description Fifteen minutes of a night. */
        QuarterHour: {
            /**
             * Format: int64
             * @description Its beginning, milliseconds since 1970.
             */
            from: number;
            /**
             * Format: int64
             * @description How many sales.
             */
            sales: number;
            /**
             * Format: int64
             * @description What they came to, minor units.
             */
            total_minor: number;
        };
        /** @description A register as it should be. */
        RegisterIn: {
            /** @description Three capital letters, never I or O; unique. */
            code: string;
            name: string;
            /** @description Cannot be changed later. */
            venue_id: string;
        };
        /** @description A drawer with a name. */
        RegisterOut: {
            /** @description Three letters that begin its tickets' codes. */
            code: string;
            name: string;
            register_id: string;
            venue_id: string;
        };
        /** @description A sale with everything, as the till wrote it. */
        SaleDetailOut: {
            /** Format: int64 */
            change_minor: number;
            /** @description The event's hash. */
            hash: string;
            lines: components["schemas"]["SaleLine"][];
            payments: components["schemas"]["PaymentOut"][];
            /** Format: int64 */
            rounding_minor: number;
            sale: components["schemas"]["SaleOut"];
            /**
             * Format: int64
             * @description The event's number in its chain.
             */
            seq: number;
            /** @description Without their signed codes: whoever sees one could print it. */
            tickets: components["schemas"]["TicketRow"][];
            totals: components["schemas"]["SaleTotals"];
        };
        /** @description A line as it was sold. */
        SaleLine: {
            is_ticketed: boolean;
            /**
             * Format: int32
             * @description Place on the receipt, from 1.
             */
            line_no: number;
            name: string;
            product_id: string;
            /** Format: int32 */
            product_number: number;
            /** Format: int64 */
            quantity_milli: number;
            sku: string;
            /** Format: int32 */
            tax_rate_bp: number;
            /** Format: int64 */
            total_minor: number;
            /** Format: int64 */
            unit_price_minor: number;
        };
        /** @description A sale in a list. */
        SaleOut: {
            /** @description `2026-11-21`. */
            business_date: string;
            /** Format: int64 */
            completed_at: number;
            currency: components["schemas"]["Currency"];
            device_id: string;
            device_name: string | null;
            /** @description `2 × Piscola, 1 × Agua`. */
            lines: string;
            operator: string | null;
            /** Format: int64 */
            receipt_no: number;
            /** @description Null when not known here, as are the next two. */
            register_code: string | null;
            sale_id: string;
            /** Format: int64 */
            tax_minor: number;
            /** @description `cash`, `card`, each once. */
            tenders: string[];
            /** Format: int64 */
            total_minor: number;
        };
        /** @description What a sale came to. */
        SaleTotals: {
            /** Format: int64 */
            net_minor: number;
            /** Format: int64 */
            tax_minor: number;
            taxes: components["schemas"]["TaxLine"][];
            /** Format: int64 */
            total_minor: number;
        };
        /** @description A session in use. */
        SessionOut: {
            /** Format: int64 */
            expires_at: number;
            name: string;
            role: components["schemas"]["AdminRole"];
        };
        /** @description What was done about it. */
        SettlementIn: {
            /** @description 1 to 500 characters. */
            note: string;
        };
        /** @description Who settled a flag, when, and what they wrote. */
        SettlementOut: {
            /** Format: int64 */
            at: number;
            by: string;
            note: string;
        };
        /** @description A used ticket shown again and again at one till. */
        ShownOut: {
            /** @description To whom, the last time. */
            by: components["schemas"]["DeedOut"];
            /**
             * Format: int32
             * @description How often, since it was used up.
             */
            times: number;
        };
        /** @description Who wants in. */
        SignIn: {
            name: string;
            password: string;
        };
        /** @description A session just begun. */
        SignedInOut: {
            /**
             * Format: int64
             * @description When it ends at the latest; thirty minutes without a request end it too.
             */
            expires_at: number;
            name: string;
            role: components["schemas"]["AdminRole"];
            /** @description For API clients: `Authorization: Bearer …`. Browsers have it as a cookie. */
            token: string;
        };
        /** @description A person as they should be. */
        StaffIn: {
            is_active: boolean;
            name: string;
            /** @description Four to eight digits, six at least for supervisors, managers and administrators. May be left out of a change. */
            pin: string | null;
            /** @description `cashier`, `bartender`, `supervisor`, `manager`, `admin`, `auditor`. */
            roles: string[];
        };
        /** @description A person. */
        StaffOut: {
            is_active: boolean;
            name: string;
            /** @description `cashier`, `bartender`, `supervisor`, `manager`, `admin`, `auditor`. */
            roles: string[];
            staff_id: string;
        };
        /** @description All counted products. */
        StockList: {
            items: components["schemas"]["StockOut"][];
        };
        /** @description A counted product. */
        StockOut: {
            /**
             * Format: int64
             * @description When, by the clock of the till.
             */
            counted_at: number;
            /**
             * Format: int64
             * @description What the last count found, thousandths.
             */
            counted_milli: number;
            name: string;
            /**
             * Format: int64
             * @description The last count and everything since, thousandths; negative when more was sold than was counted.
             */
            on_hand_milli: number;
            product_id: string;
            /** @description Empty when the catalogue never had it. */
            sku: string;
            venue_id: string;
        };
        /** @description The newest of them. */
        SupersededList: {
            items: components["schemas"]["SupersededOut"][];
        };
        /** @description A value a till wrote without knowing the one that stands. */
        SupersededOut: {
            device_id: string;
            /** @description `name`, `price_minor` or `is_active`. */
            field: string;
            /** @description What stood instead. */
            kept: unknown;
            /** @description What it wrote. */
            lost: unknown;
            product_id: string;
            /**
             * Format: int64
             * @description When, by the clock of the till.
             */
            written_at: number;
        };
        /** @description The tax inside, of one rate. */
        TaxLine: {
            /** Format: int64 */
            gross_minor: number;
            /** Format: int64 */
            net_minor: number;
            /** Format: int32 */
            rate_bp: number;
            /** Format: int64 */
            tax_minor: number;
        };
        /** @description One way of paying. */
        TenderTotal: {
            /**
             * Format: int64
             * @description What they came to, minor units.
             */
            amount_minor: number;
            /**
             * Format: int64
             * @description How many payments.
             */
            payments: number;
            /** @description `cash` or `card`. */
            tender: string;
        };
        /** @description A ticket a sale gave out, and what was handed over on it. */
        TicketRow: {
            /** @description As people read it out. */
            display_code: string;
            /**
             * Format: int64
             * @description How often something was handed over on it.
             */
            redemptions: number;
            /** @description Fourteen hexadecimal digits. */
            ticket_id: string;
        };
        /** @description A till to add. */
        TillIn: {
            name: string;
            register_id: string;
        };
        /** @description A till's new name. */
        TillNameIn: {
            name: string;
        };
        /** @description A machine that sells. */
        TillOut: {
            /** @description What machine it said it is. */
            description: string;
            device_id: string;
            /**
             * Format: int32
             * @description Printed in its tickets.
             */
            device_no: number;
            /** Format: int64 */
            enrolled_at: number | null;
            /** Format: int64 */
            last_contact: number | null;
            name: string;
            register_id: string;
            state: components["schemas"]["TillState"];
            /** Format: int64 */
            unsent_events: number;
            venue_id: string;
        };
        /**
         * @description Whether a till can be heard.
         * @enum {string}
         */
        TillState: "online" | "silent" | "never" | "revoked";
        /** @description A venue as it should be. */
        VenueIn: {
            /** @description One line. */
            address: string;
            /** @description How cash is rounded; by the currency's law when absent. */
            cash_rounding: unknown;
            /** @description `CLP`, `COP`, `CZK`, `EUR` or `ILS`. Cannot be changed later. */
            currency: components["schemas"]["Currency"];
            /**
             * Format: int32
             * @description Local minutes after midnight at which the business date changes.
             */
            cut_over_minutes: number;
            name: string;
            /** @description What its receipts say besides. Nothing when absent. */
            paper: components["schemas"]["PaperLines"];
            /**
             * @description What a bar may hand over when it cannot ask whether another did: `{"rule":"accept_all"}`, `home_only`, `refuse`, or
             *     `{"rule":"accept_below","value_minor":5000}`. All when absent.
             */
            redemption_policy: unknown;
            /** @description Taxpayer number, as printed. */
            tax_id: string;
            /**
             * Format: int32
             * @description For how many business days a ticket holds, 1 to 30.
             */
            ticket_valid_days: number;
            /** @description IANA name, `America/Santiago`. */
            time_zone: string;
        };
        /** @description A place that sells. */
        VenueOut: {
            address: string;
            /** @description `{"unit_minor":10,"tie":"down","keeps_nonzero":false}`. */
            cash_rounding: unknown;
            /** @description ISO 4217. */
            currency: components["schemas"]["Currency"];
            /** Format: int32 */
            cut_over_minutes: number;
            name: string;
            /** @description What its receipts say besides. */
            paper: components["schemas"]["PaperLines"];
            /** @description What a bar may hand over unheard. */
            redemption_policy: unknown;
            tax_id: string;
            /** Format: int32 */
            ticket_valid_days: number;
            /** @description IANA name. */
            time_zone: string;
            venue_id: string;
        };
        /** @description A withdrawal. */
        VoidOut: {
            /** @description By whom. */
            by: components["schemas"]["DeedOut"];
            /** @description Why. */
            reason: string;
        };
        /** @description A till and the code to enrol it with, shown once. */
        WaitingTillOut: components["schemas"]["TillOut"] & {
            /** @description Ten characters, for ten minutes, for one machine. */
            enrolment_code: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `{"status":"ok"}` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Prometheus text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description `unauthenticated`: from another machine, and not signed in */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `{"status":"ready"}`; after a restore also `recovering` and how many tills it `waits_for_tills` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description `unavailable` */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    bell: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `event: board`, once at the start and at every change */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    board: {
        parameters: {
            query?: {
                /** @description `2026-11-21`. */
                business_date?: string;
                /** @description Which venue. When absent, where a drawer was opened last; before the first, the first venue. */
                venue_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The board */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Board"];
                };
            };
            /** @description `malformed` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: no such venue */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_open_cards: {
        parameters: {
            query?: {
                /** @description Of which venue's tills; all when absent. */
                venue_id?: string;
                /** @description At most so many, 50 unless said, 200 at most. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The oldest of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenCardList"];
                };
            };
            /** @description `malformed` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_categories: {
        parameters: {
            query?: {
                /** @description At most so many, 50 unless said, 200 at most. */
                limit?: number;
                /** @description What the answer before gave as `next`. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A part of the list */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListOut_CategoryOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_category: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CategoryIn"];
            };
        };
        responses: {
            /** @description Added, and published to the tills */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CategoryOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unprocessable` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_category: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CategoryIn"];
            };
        };
        responses: {
            /** @description Changed, and published to the tills */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CategoryOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unprocessable` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    day_totals: {
        parameters: {
            query: {
                /** @description `2026-11-21`. */
                business_date: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The totals */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DayTotalsOut"];
                };
            };
            /** @description `malformed` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_flags: {
        parameters: {
            query?: {
                /** @description Those settled last; otherwise, and unless said, the newest that are not. */
                settled?: boolean;
                /** @description Which venue's tills; all when absent. */
                venue_id?: string;
                /** @description At most so many, 50 unless said, 200 at most. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The newest of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlagList"];
                };
            };
            /** @description `malformed` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    settle_flag: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SettlementIn"];
            };
        };
        responses: {
            /** @description Settled, now or before */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FlagOut"];
                };
            };
            /** @description `malformed` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: no such flag */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unprocessable`: the note is empty or too long */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_incidents: {
        parameters: {
            query?: {
                /** @description At most so many, 50 unless said, 200 at most. */
                limit?: number;
                /** @description What the answer before gave as `next`. */
                before?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A part of the list */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListOut_IncidentOut"];
                };
            };
            /** @description `malformed` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    find_incident: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The incident */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IncidentOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: no such incident, or it was taken back */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_products: {
        parameters: {
            query?: {
                /** @description At most so many, 50 unless said, 200 at most. */
                limit?: number;
                /** @description What the answer before gave as `next`. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A part of the list */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListOut_ProductOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_product: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProductIn"];
            };
        };
        responses: {
            /** @description Added, and published to the tills */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProductOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `conflict`: SKU or barcode in use */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unprocessable` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_product: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProductIn"];
            };
        };
        responses: {
            /** @description Changed, and published to the tills */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProductOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `conflict`: SKU or barcode in use */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unprocessable` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_registers: {
        parameters: {
            query?: {
                /** @description At most so many, 50 unless said, 200 at most. */
                limit?: number;
                /** @description What the answer before gave as `next`. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A part of the list */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListOut_RegisterOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_register: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegisterIn"];
            };
        };
        responses: {
            /** @description Added, and published to the tills */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegisterOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `conflict`: the code is in use */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unprocessable` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_register: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RegisterIn"];
            };
        };
        responses: {
            /** @description Changed, and published to the tills */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegisterOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `conflict`: the code is in use */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unprocessable` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_sales: {
        parameters: {
            query?: {
                /** @description Only of this night, `2026-11-21`. */
                business_date?: string;
                /** @description Only of this venue. */
                venue_id?: string;
                /** @description At most so many, 50 unless said, 200 at most. */
                limit?: number;
                /** @description What the answer before gave as `next`. */
                before?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A part of the list */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListOut_SaleOut"];
                };
            };
            /** @description `malformed` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    find_sale: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The sale */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SaleDetailOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    who_am_i: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sign_in: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignIn"];
            };
        };
        responses: {
            /** @description Signed in; also sets the cookie */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SignedInOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: from another site */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `locked` */
            423: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `too_many_requests` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    sign_out: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Signed out */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_staff: {
        parameters: {
            query?: {
                /** @description At most so many, 50 unless said, 200 at most. */
                limit?: number;
                /** @description What the answer before gave as `next`. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A part of the list */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListOut_StaffOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_staff: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StaffIn"];
            };
        };
        responses: {
            /** @description Added, and published to the tills */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StaffOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unprocessable` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_staff: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["StaffIn"];
            };
        };
        responses: {
            /** @description Changed, and published to the tills */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StaffOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unprocessable` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_stock: {
        parameters: {
            query?: {
                venue_id?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Every counted product */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StockList"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_superseded_edits: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The newest of them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SupersededList"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_tills: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them at once */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListOut_TillOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_till: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TillIn"];
            };
        };
        responses: {
            /** @description Waiting to be enrolled */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WaitingTillOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: no such register */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unprocessable` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_till: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TillNameIn"];
            };
        };
        responses: {
            /** @description Renamed */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TillOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unprocessable` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    revoke_till: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Withdrawn, and published to the tills */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TillOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    renew_certificate: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Renewed, and published to the tills */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TillOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `conflict`: never enrolled, or withdrawn */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    mint_code: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Waiting to be enrolled */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WaitingTillOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `conflict`: enrolled already, or withdrawn */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    list_venues: {
        parameters: {
            query?: {
                /** @description At most so many, 50 unless said, 200 at most. */
                limit?: number;
                /** @description What the answer before gave as `next`. */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A part of the list */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ListOut_VenueOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    add_venue: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VenueIn"];
            };
        };
        responses: {
            /** @description Added, and published to the tills */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VenueOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unprocessable` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    change_venue: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VenueIn"];
            };
        };
        responses: {
            /** @description Changed, and published to the tills */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VenueOut"];
                };
            };
            /** @description `unauthenticated` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found` */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unprocessable` */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    till_bell: {
        parameters: {
            query?: {
                /** @description Answer once, within so many seconds, at most 25; besides, `stream=seq` for each stream as far as the till knows it */
                wait?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `event: bell`, `data: {"stream":"T:cat","head":17}` for every stream at the start and for each that moves; with `wait`, `{"rings":[…]}` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description `malformed` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`, `clock_skew`, `replayed` or `revoked` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `certificate_expired` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: no such stream for this device */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: too many listen; ask every now and then instead */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    own_events: {
        parameters: {
            query?: {
                /** @description Which history of the chain; 0 unless said. */
                branch?: number;
                /** @description After which number; 0 unless said. */
                after?: number;
                /** @description How many at most, up to 500. */
                limit?: number;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events as in a push, dense and in order */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description `malformed` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`, `clock_skew`, `replayed` or `revoked` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `certificate_expired` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: no such chain or branch of this device, or not so long */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    enroll_device: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            /** @description The till's identity, certificate, venue and register */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description `unauthenticated`: the code is wrong, used, expired or dead */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `conflict`: the till is enrolled already, or withdrawn */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `too_many_requests` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    say_hello: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            /** @description What is held of each chain named, chains not named, logs, where each stream ends and whether the cursor named stands in it, a certificate when due */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description `malformed` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`, `clock_skew`, `replayed` or `revoked` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `certificate_expired` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `upgrade_required` */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    pull_stream: {
        parameters: {
            query: {
                /** @description `T:cat` or `V:<venue>`. */
                stream: string;
                /** @description The log the cursor is of; absent before the first pull. */
                log_id?: string;
                /** @description The last number applied. */
                seq?: number;
                /** @description The rolling hash there, 64 hexadecimal digits. */
                hash?: string;
                /** @description How many items at most, up to 1000. */
                limit?: number;
                /** @description How many events the till still holds. */
                unsent?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Items, dense and in order */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description `unauthenticated`, `clock_skew`, `replayed` or `revoked` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: no such stream for this device */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `cursor_gone`: start the stream again */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    push_events: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description `PushRequest`, `Content-Encoding: barra-1` (zstd with the dictionary of events) or `zstd` */
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            /** @description One result per batch: ok, gap or fork */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description `unauthenticated`, `clock_skew`, `replayed` or `revoked` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `forbidden`: another device's chain */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `too_large`: halve the batch */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unprocessable`: cannot be read or verified; the bytes are kept */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `upgrade_required` */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `too_many_requests`: wait as `Retry-After` says */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: nothing was taken; wait as `Retry-After` says, then send it again */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    redeem_ticket: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            /** @description Accepted, which counts from now on, or refused, and why */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description `malformed` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`, `clock_skew`, `replayed` or `revoked` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `certificate_expired` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `conflict`: something else was asked under this id */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `too_many_requests` */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unavailable`: nothing was decided that asking again would not find */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    manifest: {
        parameters: {
            query: {
                /** @description `T:cat`, `V:<venue>` or `D:<device>`. */
                stream: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Where it stands, and the names of its parts */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description `malformed` */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`, `clock_skew`, `replayed` or `revoked` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `certificate_expired` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: no such stream for this device */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
    part: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The part's hash */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description zstd over lines `{"key":…,"value":…}` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/zstd": number[];
                };
            };
            /** @description `unauthenticated`, `clock_skew`, `replayed` or `revoked` */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `certificate_expired` */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
            /** @description `not_found`: no such part for this device; ask for the manifest again */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
